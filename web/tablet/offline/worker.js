// Decides what of the app is there without a network: all of it, as one version, from the cache. What else is on this origin is the
// server's and is never answered from here. The build fills in FILES and VERSION.
const CACHE = `fieldbook-${VERSION}`;
const scope = new URL(self.registration.scope);
const known = new Set(FILES.map((file) => new URL(file, scope).pathname));

self.addEventListener("install", (event) => {
  // Past the browser's own cache, so that a version is whole or not there; what has its content's hash in its name cannot be another's,
  // and is not fetched twice.
  const requests = FILES.map((file) => new Request(new URL(file, scope), { cache: file.startsWith("assets/") ? "default" : "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(requests)));
});

self.addEventListener("activate", (event) => {
  const others = (names) => names.filter((name) => name.startsWith("fieldbook-") && name !== CACHE);
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(others(names).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

// The page says when: between records, never in the middle of one.
self.addEventListener("message", (event) => {
  if (event.data === "take over") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== scope.origin) return;
  const path = url.pathname === scope.pathname ? new URL("index.html", scope).pathname : url.pathname;
  if (!known.has(path)) return;
  event.respondWith(
    caches
      .open(CACHE)
      .then((cache) => cache.match(path))
      .then((held) => held ?? fetch(event.request)),
  );
});
