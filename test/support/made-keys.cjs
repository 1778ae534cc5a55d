// An RSA key of 3072 bits, which the authority of a store has, is half a second of work. Files of tests get the same few, made
// once in a run; within a file one after the other differs. Every other key is made anew.
const crypto = require("node:crypto");
const { existsSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const { basename, join } = require("node:path");
const { promisify } = require("node:util");

const kept = 3;
const generate = promisify(crypto.generateKeyPair);
let given = 0;

/** In the folder of this run only, where there is one: no private key outlives it. */
function placeOf(number) {
  const folder = process.env.TMPDIR ?? "";
  return basename(folder).startsWith("lifeboat-tests-") ? join(folder, `rsa-${number}.pem`) : undefined;
}

async function oneOfAFew(options) {
  const place = placeOf(given % kept);
  given += 1;
  if (place === undefined) return generate("rsa", options);
  if (existsSync(place)) {
    const privateKey = crypto.createPrivateKey(readFileSync(place));
    return { privateKey, publicKey: crypto.createPublicKey(privateKey) };
  }
  const pair = await generate("rsa", options);
  const draft = `${place}.${process.pid}`;
  writeFileSync(draft, pair.privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  renameSync(draft, place);
  return pair;
}

const { generateKeyPair } = crypto;
crypto.generateKeyPair = Object.assign((...words) => generateKeyPair(...words), {
  [promisify.custom]: (type, options) =>
    type === "rsa" && JSON.stringify(options) === '{"modulusLength":3072}'
      ? oneOfAFew(options)
      : generate(type, options),
});

/** From now on another file of tests runs. */
exports.beginAgain = () => (given = 0);
