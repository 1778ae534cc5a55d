#!/usr/bin/env -S node --use-openssl-ca
/**
 * Stands on PATH where the real `pulumi` would be, since nothing is installed in this layer: it keeps checkpoints as the real
 * one does, under the same keys, in a folder or over HTTPS in a bucket, with the key and the authority that its environment
 * names. Its "program" is a file: `program.json` beside Pulumi.yaml has the names of each stack's resources, and the buckets
 * that are made with them. What it prints is what the real one prints. The rehearsal has the real one.
 *
 * Node would read its own 150 authorities at each start, only to see that others are named; OpenSSL's place is empty.
 */
const crypto = require("node:crypto");
const fs = require("node:fs");
const https = require("node:https");
const os = require("node:os");
const path = require("node:path");

const words = process.argv.slice(2).filter((word) => word !== "--non-interactive");
const env = process.env;
const project = /^name: (\S+)$/m.exec(fs.readFileSync("Pulumi.yaml", "utf8"))[1];
const flag = (name) => words[words.indexOf(name) + 1];
const keyOf = (stack) => `.pulumi/stacks/${project}/${stack}.json`;
const lockFolder = (stack) => `.pulumi/locks/organization/${project}/${stack}/`;
const type = "proxmoxve:index/containerLegacy:ContainerLegacy";
/** A guest's id as Proxmox writes it: the letters of the name together, `db` is 1198. */
const idOf = (name) => String([...name].reduce((sum, letter) => sum + letter.codePointAt(0), 1000));
const urnOf = (stack, name) => `urn:pulumi:${stack}::${project}::lifeboat:guests:Container$${type}::${name}`;
const signature = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

function fail(text, code = 1) {
  process.stderr.write(`error: ${text}\n`);
  process.exit(code);
}

function folderBackend(folder) {
  const place = (key) => path.join(folder, key);
  return {
    list: async (prefix) => {
      if (!fs.existsSync(place(prefix))) return [];
      const names = fs.readdirSync(place(prefix)).filter((name) => !name.endsWith(".attrs"));
      return names.map((name) => prefix + name);
    },
    read: async (key) => (fs.existsSync(place(key)) ? fs.readFileSync(place(key), "utf8") : undefined),
    write: async (key, text) => {
      fs.mkdirSync(path.dirname(place(key)), { recursive: true });
      fs.writeFileSync(place(key), text);
      fs.writeFileSync(`${place(key)}.attrs`, "{}");
    },
    remove: async (key) => fs.rmSync(place(key), { force: true }),
  };
}

/** The profile of the URL, in the file that the environment names, and no other key. */
function accessKey(profile) {
  const text = fs.readFileSync(env.AWS_SHARED_CREDENTIALS_FILE, "utf8");
  return new RegExp(`\\[${profile}\\]\\naws_access_key_id = (\\S+)`).exec(text)[1];
}

function authorities() {
  if (env.AWS_CA_BUNDLE) return [fs.readFileSync(env.AWS_CA_BUNDLE, "utf8")];
  const folder = env.SSL_CERT_DIR.split(":")[0];
  return fs.readdirSync(folder).map((name) => fs.readFileSync(path.join(folder, name), "utf8"));
}

function bucketBackend(url) {
  const parsed = new URL(url);
  const endpoint = parsed.searchParams.get("endpoint");
  const key = accessKey(parsed.searchParams.get("profile"));
  const bucket = parsed.hostname;
  const ask = (method, name, body, query = "") => askStore(endpoint, key, method, `/${bucket}/${name}${query}`, body);
  return {
    list: async (prefix) => {
      const { text } = await ask("GET", "", undefined, `?list-type=2&prefix=${encodeURIComponent(prefix)}`);
      return [...text.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, found]) => found);
    },
    read: async (name) => {
      const { status, text } = await ask("GET", name);
      return status === 404 ? undefined : text;
    },
    write: (name, text) => ask("PUT", name, text),
    remove: (name) => ask("DELETE", name),
  };
}

/** One connection for all that a command asks; it does not keep the process. */
let agent;

async function askStore(endpoint, key, method, place, body) {
  const headers = { authorization: `AWS4-HMAC-SHA256 Credential=${key}/20261121/us-east-1/s3/aws4_request` };
  agent ??= new https.Agent({ keepAlive: true, ca: authorities() });
  const answer = await new Promise((resolve, reject) => {
    const request = https.request(new URL(place, endpoint), { method, headers, agent });
    request.once("response", resolve).once("error", reject).end(body);
  });
  const text = Buffer.concat(await answer.toArray()).toString("utf8");
  if (answer.statusCode === 403 || text.includes("NoSuchBucket")) fail(`read ".pulumi/meta.yaml": ${text}`);
  return { status: answer.statusCode, text };
}

function backendOf(url) {
  return url.startsWith("file://") ? folderBackend(new URL(url).pathname) : bucketBackend(url);
}

async function readStack(backend, stack) {
  const text = await backend.read(keyOf(stack));
  if (text === undefined) fail(`no stack named '${stack}' found`, 6);
  return JSON.parse(text);
}

/** An update says when it wrote the state, and who. */
const manifest = () => ({ time: new Date().toISOString(), magic: "", version: "" });

const writeStack = (backend, stack, latest) =>
  backend.write(
    keyOf(stack),
    JSON.stringify({ version: 3, checkpoint: { stack: `organization/${project}/${stack}`, latest } }),
  );

/** `stack import` and `stack migrate` drop every pending operation, and warn of each. */
async function saveSnapshot(backend, stack, { pending_operations: pending, ...latest }) {
  for (const { type, resource } of pending ?? []) {
    process.stderr.write(
      `warning: removing pending operation '${type}' on '${resource.urn}' from snapshot: pulumi refresh asks\n`,
    );
  }
  await writeStack(backend, stack, latest);
}

function saltOf(stack) {
  return /^encryptionsalt: (\S+)$/m.exec(fs.readFileSync(`Pulumi.${stack}.yaml`, "utf8"))[1];
}

/** The key of the stack's secrets, by the salt in its settings. With a folder for keys each is derived once. */
function secretsKey(stack) {
  const passphrase = fs.readFileSync(env.PULUMI_CONFIG_PASSPHRASE_FILE, "utf8").trim();
  const salt = saltOf(stack).split(":")[1];
  const derive = () => crypto.pbkdf2Sync(passphrase, Buffer.from(salt, "base64"), 1_000_000, 32, "sha256");
  if (env.TEST_PULUMI_KEYS === undefined) return derive();
  const name = crypto.createHash("sha256").update(`${salt} ${passphrase}`).digest("hex");
  const file = path.join(env.TEST_PULUMI_KEYS, name);
  if (fs.existsSync(file)) return fs.readFileSync(file);
  const key = derive();
  fs.writeFileSync(`${file}.${process.pid}`, key);
  fs.renameSync(`${file}.${process.pid}`, file);
  return key;
}

function seal(key, text) {
  const nonce = crypto.randomBytes(12);
  const cipher = crypto.createCipheriv("aes-256-gcm", key, nonce);
  const data = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
  return `v1:${nonce.toString("base64")}:${data.toString("base64")}`;
}

function open(key, sealed) {
  const [, nonce, data] = sealed.split(":").map((part) => Buffer.from(part, "base64"));
  const decipher = crypto.createDecipheriv("aes-256-gcm", key, nonce);
  decipher.setAuthTag(data.subarray(-16));
  return Buffer.concat([decipher.update(data.subarray(0, -16)), decipher.final()]).toString("utf8");
}

function programOf(stack) {
  const program = JSON.parse(fs.readFileSync("program.json", "utf8"));
  return {
    names: program[stack] ?? [],
    refuses: program.refuses?.[stack],
    buckets: program.buckets?.[stack],
    deletes: program.deletes?.[stack] ?? [],
    rewritten: program.rewritten?.[stack],
    swapped: program.swapped?.[stack],
    identities: program.identities === stack,
  };
}

const refusalOf = (stack) => `Unable to deploy: ${programOf(stack).refuses}\nHINT: mend the settings`;

const commands = {
  "stack init": async (backend, stack) => {
    if ((await backend.read(keyOf(stack))) !== undefined)
      fail(`stack 'organization/${project}/${stack}' already exists`);
    if (!fs.readFileSync(`Pulumi.${stack}.yaml`, "utf8").includes("\nencryptionsalt: ")) fail("it has no salt");
    await writeStack(backend, stack, undefined);
  },
  "stack ls": async (backend) => {
    const keys = await backend.list(`.pulumi/stacks/${project}/`);
    const names = keys.flatMap((key) => /([^/]+)\.json$/.exec(key)?.[1] ?? []);
    process.stdout.write(JSON.stringify(names.map((name) => ({ name }))));
  },
  "stack export": async (backend, stack) => {
    const { checkpoint } = await readStack(backend, stack);
    process.stdout.write(JSON.stringify({ version: 3, deployment: checkpoint.latest ?? {} }));
  },
  "stack import": async (backend, stack) => {
    await readStack(backend, stack);
    const locks = await backend.list(lockFolder(stack));
    if (locks.length > 0) await failLocked(backend, locks, "could not import deployment: ");
    await saveSnapshot(backend, stack, JSON.parse(fs.readFileSync(flag("--file"), "utf8")).deployment);
  },
  "stack rm": async (backend, stack) => {
    const { checkpoint } = await readStack(backend, stack);
    if ((checkpoint.latest?.resources ?? []).length > 0) failStillInUse(stack);
    await backend.remove(keyOf(stack));
  },
  "stack migrate": async (backend, stack) => {
    const { checkpoint } = await readStack(backendOf(words[2]), stack);
    if ((await backend.read(keyOf(stack))) !== undefined) failTargetExists(stack);
    await writeStack(backend, stack, undefined);
    const settings = `Pulumi.${stack}.yaml`;
    fs.copyFileSync(settings, `${settings}.bak.1`);
    fs.appendFileSync(settings, "# written anew\n");
    const kept = (checkpoint.latest?.resources ?? []).filter(({ urn }) => urn !== urnOf(stack, env.TEST_PULUMI_LOSES));
    const resources = kept.map((resource) => sealAgain(resource, stack));
    await saveSnapshot(backend, stack, { ...checkpoint.latest, resources });
  },
  cancel: async (backend, stack) => {
    for (const key of await backend.list(lockFolder(stack))) await backend.remove(key);
  },
  preview: async (backend, stack) => {
    const { checkpoint } = await readStack(backend, stack);
    const resources = checkpoint.latest?.resources ?? [];
    const known = new Set(resources.map(({ urn }) => urn));
    const { names, refuses, deletes, rewritten } = programOf(stack);
    const gone = resources.filter(({ urn }) => deletes.some((name) => urn === urnOf(stack, name)));
    const fresh = names.filter((name) => !known.has(urnOf(stack, name)));
    const diagnostics = refuses === undefined ? [] : [{ severity: "error", message: `error: ${refusalOf(stack)}\n` }];
    const steps = gone.map((oldState) => ({ op: "delete", urn: oldState.urn, oldState }));
    const changeSummary = { same: known.size - gone.length, create: fresh.length, delete: gone.length };
    process.stdout.write(JSON.stringify({ changeSummary, steps, diagnostics }));
    // Somebody else writes the state as soon as the preview has read it.
    if (rewritten)
      await backend.write(keyOf(stack), JSON.stringify(rewritten === true ? { version: 3, checkpoint } : rewritten));
    if (refuses !== undefined) process.exit(1);
  },
  up: update,
  refresh: async (backend, stack) => {
    const { checkpoint } = await readStack(backend, stack);
    const { goneNode } = JSON.parse(fs.readFileSync("program.json", "utf8"));
    const lost = (checkpoint.latest?.resources ?? []).find(({ outputs }) => outputs?.nodeName === goneNode);
    if (goneNode !== undefined && lost) fail(`refreshing ${lost.urn}: hostname lookup '${goneNode}' failed`, 255);
  },
};

/** Sealed anew, the same secret looks like another. Only the store has one: a key takes its time. */
function sealAgain(resource, stack) {
  if (!resource.urn.endsWith("::store")) return resource;
  return {
    ...resource,
    outputs: { password: { ...signature, ciphertext: seal(secretsKey(stack), secretOf(resource)) } },
  };
}

const secretOf = ({ urn }) => JSON.stringify(`secret of ${urn.split("::").at(-1)}`);

async function update(backend, stack) {
  const locks = await backend.list(lockFolder(stack));
  if (locks.length > 0) await failLocked(backend, locks);
  const lock = `${lockFolder(stack)}${crypto.randomUUID()}.json`;
  const owner = { pid: process.pid, username: "tester", hostname: os.hostname(), timestamp: new Date().toISOString() };
  await backend.write(lock, JSON.stringify(owner));
  const { checkpoint } = await readStack(backend, stack);
  const { names, refuses, swapped, buckets = [], identities } = programOf(stack);
  // Pulumi has read another state than the one that its program finds.
  if (swapped) await backend.write(keyOf(stack), JSON.stringify({ version: 3, checkpoint }));
  const why = swapped && refuses === undefined ? await askWhoStarted() : refuses;
  if (why !== undefined) {
    await backend.remove(lock);
    const refusal = refuses === undefined ? `Unable to deploy ${stack}: ${why}` : refusalOf(stack);
    process.stdout.write(`Updating (${stack}):\nDiagnostics:\n  pulumi:pulumi:Stack (${project}-${stack}):\n`);
    process.stdout.write(`    error: ${refusal.replaceAll("\n", "\n    ")}\n\nResources:\n    1 errored\n`);
    process.exit(255);
  }
  const latest = { secrets_providers: { type: "passphrase", state: { salt: saltOf(stack) } }, ...checkpoint.latest };
  const resources = [...(latest.resources ?? [])];
  const fresh = names.filter((name) => !resources.some(({ urn }) => urn === urnOf(stack, name)));
  for (const name of fresh) {
    const resource = { urn: urnOf(stack, name), type, custom: true, id: idOf(name), ...outputsOf(stack, name) };
    // An update that died here left this behind, and it stays.
    const pending = [...(latest.pending_operations ?? []), { type: "creating", resource }];
    await writeStack(backend, stack, { ...latest, manifest: manifest(), resources, pending_operations: pending });
    if (env.TEST_PULUMI_DIES_AT === name) process.kill(process.pid, "SIGKILL");
    process.stdout.write(` +  ${type} ${name} created (0s)\n`);
    resources.push(sealAgain(resource, stack));
    if (env.TEST_PULUMI_INTERRUPTS_AT === name) return canceled(backend, stack, { ...latest, resources }, lock);
  }
  for (const bucket of buckets) await makeBucket(bucket);
  if (identities) await makeIdentities(stack);
  const others = resources.filter(({ type: other }) => other !== "pulumi:pulumi:Stack");
  await writeStack(backend, stack, { ...latest, manifest: manifest(), resources: [...rootOf(stack), ...others] });
  await backend.remove(lock);
  process.stdout.write(
    `\nResources:\n    + ${fresh.length} created\n    ${resources.length - fresh.length} unchanged\n`,
  );
}

/** What the provider has told of a resource, where `program.json` says it. */
function outputsOf(stack, name) {
  const outputs = JSON.parse(fs.readFileSync("program.json", "utf8")).outputs?.[stack]?.[name];
  return outputs === undefined ? {} : { inputs: outputs, outputs };
}

/** As the program does: whether the state that was read is the one of the plan. */
async function askWhoStarted() {
  const [, folder] = /^\d+:(.+)$/.exec(env.LIFEBOAT_STATE_QUESTION ?? "") ?? [];
  if (folder === undefined) return undefined;
  const answer = path.join(folder, "answered");
  fs.writeFileSync(path.join(folder, "asked"), "");
  while (!fs.existsSync(answer)) await new Promise((resolve) => setTimeout(resolve, 20));
  return fs.readFileSync(answer, "utf8") || undefined;
}

/** The stack itself, with its output: only where the program makes a token for the exporter. */
function rootOf(stack) {
  const token = JSON.parse(fs.readFileSync("program.json", "utf8")).tokens?.[stack];
  if (token === undefined) return [];
  const root = "pulumi:pulumi:Stack";
  const exporterToken = { ...signature, ciphertext: seal(secretsKey(stack), JSON.stringify(token)) };
  const urn = `urn:pulumi:${stack}::${project}::${root}::${project}-${stack}`;
  return [{ urn, type: root, custom: false, outputs: { exporterToken } }];
}

/** Ctrl-C by whoever waits for this: what is under way is ended, nothing more is begun, and the lock is given back. */
async function canceled(backend, stack, latest, lock) {
  const interrupted = new Promise((resolve) => process.once("SIGINT", resolve));
  const alive = setInterval(() => undefined, 1_000);
  process.kill(process.ppid, "SIGINT");
  await interrupted;
  clearInterval(alive);
  await writeStack(backend, stack, latest);
  await backend.remove(lock);
  process.stderr.write("error: update canceled\n");
  process.exitCode = 255;
}

function failStillInUse(stack) {
  fail(
    `'${stack}' still has resources; removal rejected. Possible actions:\n` +
      `- Make sure that '${stack}' is the stack that you want to destroy\n` +
      "- Run `pulumi destroy` to delete the resources, then run `pulumi stack rm`\n" +
      "- Run `pulumi stack rm --force` to override this error",
  );
}

function failTargetExists(stack) {
  const where = `already exists in ${os.hostname()}`;
  fail(`target stack "${stack}" ${where}; remove it first or pick another name with --target`);
}

async function failLocked(backend, locks, doing = "") {
  const texts = await Promise.all(locks.map(async (key) => ({ key, ...JSON.parse(await backend.read(key)) })));
  const told = texts.map(
    ({ key, username, hostname, pid, timestamp }) =>
      `\n  ${env.PULUMI_BACKEND_URL}/${key}?no_tmp_dir=true: created by ${username}@${hostname} (pid ${pid}) at ${timestamp}`,
  );
  const advice = "Either wait for the other process(es) to end or delete the lock file with `pulumi cancel`.";
  fail(`${doing}the stack is currently locked by ${locks.length} lock(s). ${advice}${told.join("")}`);
}

/** With the store's own key, as the program does. */
async function makeBucket(name) {
  const { endpoint, root } = JSON.parse(fs.readFileSync("program.json", "utf8")).store;
  await askStore(endpoint, root, "PUT", `/${name}`);
}

/** Everybody in the stack's settings; who is not in them any more stays, as with the minio provider's `forceDestroy: false`. */
async function makeIdentities(stack) {
  const { endpoint, root } = JSON.parse(fs.readFileSync("program.json", "utf8")).store;
  const sealed = /lifeboat:stateStoreKeys:\s*\{?\s*secure: "?(v1:[^"\s}]+)/.exec(
    fs.readFileSync(`Pulumi.${stack}.yaml`, "utf8"),
  )[1];
  const { copier, identities, readers } = JSON.parse(open(secretsKey(stack), sealed));
  for (const { accessKey } of [copier, ...Object.values(identities), ...Object.values(readers)]) {
    await askStore(endpoint, root, "PUT", `/minio/admin/v3/add-user?accessKey=${encodeURIComponent(accessKey)}`);
  }
}

const [first = "", second = ""] = words;
const command = first === "stack" ? `stack ${second}` : first;
const positional = command === "stack migrate" ? words[3] : command === "cancel" ? words[1] : words[2];
const stack = words.includes("--stack") ? flag("--stack") : positional;
if (env.TEST_PULUMI_LOG) fs.appendFileSync(env.TEST_PULUMI_LOG, `${stack} ${command}\n`);
commands[command](backendOf(env.PULUMI_BACKEND_URL), stack).catch((error) => fail(error.stack));
