// What a tablet does with the recovery key of its branch, in WebCrypto as a browser has it. Asked by one JSON object on standard input:
// {jwk, id, wrap: {account, key} | null, file: {branch, content} | null}; answers {wrapped, rescue}, bytes as base64.
const asked = JSON.parse(await new Response(process.stdin).text());
const { subtle } = globalThis.crypto;
const text = new TextEncoder();
const base64 = (bytes) => Buffer.from(bytes).toString("base64");

const key = await subtle.importKey("jwk", asked.jwk, { name: "RSA-OAEP", hash: "SHA-256" }, false, ["encrypt", "wrapKey"]);
const answer = {};

if (asked.wrap) {
  const data = await subtle.encrypt({ name: "RSA-OAEP" }, key, text.encode(JSON.stringify(asked.wrap)));
  answer.wrapped = { id: asked.id, data: base64(data) };
}

if (asked.file) {
  const aes = await subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt"]);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const header = {
    fieldbook: "rescue",
    version: 1,
    branch: asked.file.branch,
    recovery: asked.id,
    key: base64(await subtle.wrapKey("raw", aes, key, { name: "RSA-OAEP" })),
    iv: base64(iv),
  };
  const content = await subtle.encrypt({ name: "AES-GCM", iv }, aes, text.encode(JSON.stringify(asked.file.content)));
  answer.rescue = base64(Buffer.concat([text.encode(JSON.stringify(header) + "\n"), new Uint8Array(content)]));
}

process.stdout.write(JSON.stringify(answer));
