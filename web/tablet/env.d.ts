/** The app's version, put in by the build. */
declare const __VERSION__: string;

declare module "pouchdb-adapter-http";
declare module "pouchdb-adapter-indexeddb";
