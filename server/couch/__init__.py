"""The CouchDB-shaped endpoint under `/sync`: what PouchDB, tablets and a CouchDB's replicator talk to."""
