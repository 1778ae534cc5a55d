import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient, ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import {
  CheckRequest,
  ConfigureRequest,
  CreateRequest,
  DeleteRequest,
  DiffRequest,
  DiffResponse,
  InvokeRequest,
  UpdateRequest,
  type CheckResponse,
  type ConfigureResponse,
  type CreateResponse,
  type UpdateResponse,
} from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import { CommandProvider } from "../../../../../../scripts/toolchain/stand-ins/command/provider";
import { secret, unknownValue } from "../../../../../../scripts/toolchain/stand-ins/command/values";
import { startPluginServer } from "../../../../../../scripts/toolchain/stand-ins/plugin-server";
import { removeScratchFolders, scratchFolder, writeScript } from "../../scratch";

type Values = Record<string, unknown>;

let client: ResourceProviderClient;
let stop: () => void;
let folder: string;
let environmentBefore: NodeJS.ProcessEnv;

beforeEach(async () => {
  const provider = new CommandProvider(undefined, "1.2.1");
  const { server, port } = await startPluginServer(ResourceProviderService, provider.calls(), "The stand-in");
  client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  folder = scratchFolder();
  environmentBefore = process.env;
  process.env = { ...environmentBefore, SSH_AUTH_SOCK: "" };
  stop = () => {
    client.close();
    server.forceShutdown();
  };
});

afterEach(() => {
  process.env = environmentBefore;
  stop();
  removeScratchFolders();
});

function ask<Request, Response>(
  call: (request: Request, done: (error: ServiceError | null, response: Response) => void) => unknown,
  request: Request,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    call.call(client, request, (error, response) => (error ? reject(error) : resolve(response)));
  });
}

function urn(type: string): string {
  return `urn:pulumi:prod::lifeboat::lifeboat:Parent$command:${type}::hello`;
}

function struct(values: Values): Struct {
  const plain: Record<string, JavaScriptValue> = JSON.parse(JSON.stringify(values));
  return Struct.fromJavaScript(plain);
}

async function check(type: string, inputs: Values) {
  const request = new CheckRequest().setUrn(urn(type)).setNews(struct(inputs));
  const response = await ask<CheckRequest, CheckResponse>(client.check, request);
  const problems = response.getFailuresList().map((one) => `${one.getProperty()}: ${one.getReason()}`);
  const checked: Values = response.getInputs()?.toJavaScript() ?? {};
  return { inputs: checked, problems };
}

async function create(type: string, inputs: Values, preview = false) {
  const request = new CreateRequest().setUrn(urn(type)).setProperties(struct(inputs)).setPreview(preview);
  const response = await ask<CreateRequest, CreateResponse>(client.create, request);
  const state: Values = response.getProperties()?.toJavaScript() ?? {};
  return { id: response.getId(), state };
}

async function update(type: string, olds: Values, inputs: Values): Promise<Values> {
  const request = new UpdateRequest().setUrn(urn(type)).setOlds(struct(olds)).setNews(struct(inputs));
  const response = await ask<UpdateRequest, UpdateResponse>(client.update, request);
  return response.getProperties()?.toJavaScript() ?? {};
}

async function remove(type: string, state: Values): Promise<void> {
  await ask(client.delete, new DeleteRequest().setUrn(urn(type)).setProperties(struct(state)));
}

async function diff(olds: Values, news: Values) {
  const request = new DiffRequest()
    .setUrn(urn("local:Command"))
    .setOlds(struct({ ...olds, stdout: "out", stderr: "" }))
    .setOldInputs(struct(olds))
    .setNews(struct(news));
  const response = await ask<DiffRequest, DiffResponse>(client.diff, request);
  return {
    changes: response.getChanges() === DiffResponse.DiffChanges.DIFF_SOME,
    diffs: response.getDiffsList(),
    replaces: response.getReplacesList(),
  };
}

describe("local.Command", () => {
  const type = "local:Command";

  test("create runs the command; one newline at the end is trimmed", async () => {
    const inputs = { create: "echo one; echo two; echo warning >&2" };
    const { id, state } = await create(type, inputs);
    expect(id).toMatch(/^hello[0-9a-f]{8}$/);
    expect(state).toEqual({ ...inputs, stdout: "one\ntwo", stderr: "warning" });
  });

  test("environment, standard input, folder and interpreter", async () => {
    const { state } = await create(type, {
      create: 'console.log(process.env.WHO, process.cwd(), require("fs").readFileSync(0, "utf8"))',
      interpreter: [process.execPath, "-e"],
      environment: { WHO: "a'; touch pwned; $(x) \"" },
      stdin: "from outside",
      dir: folder,
    });
    expect(state["stdout"]).toBe(`a'; touch pwned; $(x) " ${folder} from outside`);
  });

  test("without a create command nothing runs", async () => {
    expect((await create(type, { delete: "echo x" })).state).toEqual({ delete: "echo x", stdout: "", stderr: "" });
  });

  test("a preview runs nothing, and its outputs are unknown", async () => {
    const { state } = await create(type, { create: `touch ${folder}/ran` }, true);
    expect(state).toMatchObject({ stdout: unknownValue, stderr: unknownValue });
    expect(existsSync(`${folder}/ran`)).toBe(false);
  });

  test("update runs the update command with the previous outputs in its environment", async () => {
    const command = 'echo "$PULUMI_COMMAND_STDOUT/$PULUMI_COMMAND_STDERR"';
    const inputs = { create: "echo created", update: command };
    const olds = { ...inputs, stdout: "before", stderr: "noise" };
    expect(await update(type, olds, inputs)).toMatchObject({ stdout: "before/noise", stderr: "" });
    const without = { ...inputs, addPreviousOutputInEnv: false };
    expect(await update(type, olds, without)).toMatchObject({ stdout: "/" });
  });

  test("update runs create again where there is no update command", async () => {
    expect(await update(type, { stdout: "before" }, { create: "echo again" })).toMatchObject({ stdout: "again" });
  });

  test("delete runs the delete command with the last outputs", async () => {
    const state = { delete: `echo "$PULUMI_COMMAND_STDOUT" > ${folder}/deleted`, stdout: "last", stderr: "" };
    await remove(type, state);
    expect(readFileSync(`${folder}/deleted`, "utf8")).toBe("last\n");
  });

  test("a command that fails fails the resource, with all that it wrote", async () => {
    const command = "echo first; echo second >&2; exit 7";
    await expect(create(type, { create: command })).rejects.toMatchObject({
      details: `exit status 7: running ${JSON.stringify(command)}:\nfirst\nsecond\n`,
    });
  });

  test("a failing delete fails, so that the resource stays in the state", async () => {
    await expect(remove(type, { delete: "exit 1" })).rejects.toMatchObject({
      details: expect.stringMatching(/^exit status 1/),
    });
  });

  test("outputs are no secret, whatever went in: whoever needs that says additionalSecretOutputs [N7]", async () => {
    const inputs = { create: "cat", stdin: secret("not-a-secret-1") };
    const { state } = await create(type, inputs);
    expect(state).toEqual({ ...inputs, stdout: "not-a-secret-1", stderr: "" });
  });

  test("the error repeats a secret command, as the official one does", async () => {
    const failing = create(type, { create: secret("exit 3 # not-a-secret-1") });
    await expect(failing).rejects.toMatchObject({ details: 'exit status 3: running "exit 3 # not-a-secret-1":\n' });
  });

  test("Ctrl-C kills a command at once", async () => {
    const begun = create(type, { create: `touch ${folder}/begun; exec sleep 600` });
    await appears("begun");
    await ask(client.cancel, new Empty());
    await expect(begun).rejects.toMatchObject({ details: expect.stringMatching(/^signal: killed: running /) });
  });

  test("check gives the defaults of the official provider", async () => {
    expect(await check(type, { create: "true" })).toEqual({
      inputs: { create: "true", addPreviousOutputInEnv: true },
      problems: [],
    });
  });

  test("check refuses what is not implemented, wrong types and unknown names, all at once", async () => {
    const { problems } = await check(type, {
      create: 1,
      logging: "all",
      assetPaths: ["*"],
      archivePaths: ["*"],
      environment: { A: 1 },
      bogus: true,
    });
    expect(problems).toHaveLength(6);
    expect(problems).toContain('assetPaths: the stand-in for the command provider does not implement "assetPaths"');
  });

  test("check takes what a preview does not know yet", async () => {
    const unknown = { create: unknownValue, environment: { A: unknownValue }, triggers: unknownValue };
    expect((await check(type, unknown)).problems).toEqual([]);
  });
});

describe("differences", () => {
  test("the same inputs are no difference, also where only one of them is a secret", async () => {
    const inputs = { create: "true", environment: { A: "1", B: "2" } };
    expect((await diff(inputs, { ...inputs, environment: { B: "2", A: "1" } })).changes).toBe(false);
    expect((await diff(inputs, { ...inputs, create: secret("true") })).changes).toBe(false);
  });

  test("a changed, a new and a missing input are an update", async () => {
    expect(await diff({ create: "true", dir: "/" }, { create: "false", stdin: "x" })).toEqual({
      changes: true,
      diffs: ["create", "dir", "stdin"],
      replaces: [],
    });
  });

  test("changed triggers are a replacement, also with an update command", async () => {
    const inputs = { create: "true", update: "true" };
    expect(await diff({ ...inputs, triggers: ["1"] }, { ...inputs, triggers: ["2"] })).toEqual({
      changes: true,
      diffs: ["triggers"],
      replaces: ["triggers"],
    });
  });
});

/** A program in the place of ssh or sftp, which notes its arguments and the keys that it is given. */
function writeClient(name: string, rest: string): void {
  const tools = path.join(folder, "tools");
  mkdirSync(tools, { recursive: true });
  writeScript(
    path.join(tools, name),
    `echo "$@" >> ${folder}/arguments
for word; do case "$word" in -oIdentityFile=/*) stat -c %a "\${word#*=}" > ${folder}/mode; cp "\${word#*=}" ${folder}/key;;
-oUserKnownHostsFile=/*/lifeboat-*) cp "\${word#*=}" ${folder}/hosts;;
-oLocalCommand=*) connect=\${word#*=};; esac; last=$word; done
${rest}`,
  );
  process.env["PATH"] = `${tools}:${environmentBefore["PATH"]}`;
}

/** Until a command that runs has made this file. */
async function appears(name: string): Promise<void> {
  while (!existsSync(path.join(folder, name))) await delay(10);
}

/** Commands of sftp but those that make a file for its mode. */
function withoutEmpty(name: string): string {
  return noted(name).replaceAll(/put "\S+\/empty" .*\n/g, "");
}

function noted(name: string): string {
  return readFileSync(path.join(folder, name), "utf8");
}

/** An sftp that notes its commands; `cd` succeeds for folders that exist on the other side. */
function writeSftp(folders: string[]): void {
  const isThere = folders.map((one) => `grep -qx 'cd "${one}"' ${folder}/batch && exit 0`).join("\n");
  writeClient(
    "sftp",
    `cat > ${folder}/batch; cat ${folder}/batch >> ${folder}/commands\n${isThere}
empty=$(sed -n 's/^put "\\([^"]*\\/empty\\)".*/\\1/p' ${folder}/batch | head -n 1); [ -z "$empty" ] || stat -c %a "$empty" > ${folder}/empty-mode
grep -q '^put' ${folder}/batch && exit 0; exit 1`,
  );
}

describe("over SSH", () => {
  const connection = { host: "192.0.2.101", privateKey: "not a real key", dialErrorLimit: 2 };

  test("a command runs on the other side; keys go through a file, values through the environment", async () => {
    writeClient("ssh", 'sh -c "$connect"; sh -c "$last"');
    const inputs = { connection: secret(connection), create: "cat; echo $PULUMI_COMMAND_STDOUT", stdin: "in " };
    const state = await update("remote:Command", { ...inputs, stdout: "x y" }, inputs);
    expect(state).toMatchObject({ connection: secret(connection), stdout: "in x y" });
    expect(noted("arguments")).toContain("-oSendEnv=PULUMI_COMMAND_STDOUT -p22 -- root@192.0.2.101 cat; echo");
    expect(noted("arguments")).toContain("-oStrictHostKeyChecking=no");
    expect(noted("arguments")).not.toContain("x y");
    expect(noted("key")).toBe("not a real key\n");
    expect(noted("mode")).toBe("600\n");
  });

  test("an agent that is gone fails a command, also where there is a key [N7]", async () => {
    writeClient("ssh", 'sh -c "$connect"');
    process.env["SSH_AUTH_SOCK"] = path.join(folder, "no-agent");
    await expect(create("remote:Command", { connection, create: "true" })).rejects.toMatchObject({
      details: expect.stringMatching(/^dial unix .*no-agent: .*ENOENT/u),
    });
  });

  test("the keys are deleted afterwards", async () => {
    writeClient("ssh", 'sh -c "$connect"');
    await create("remote:Command", { connection, create: "true" });
    const file = /-oIdentityFile=(\S+)/.exec(noted("arguments"))?.[1] ?? "";
    expect(file).toMatch(/^\//);
    expect(existsSync(path.dirname(file))).toBe(false);
  });

  test("a connection of which a preview does not know a part is wholly unknown, and no problem [N3]", async () => {
    const source = { "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", text: "x" };
    const others = { "remote:Command": { create: "true" }, "remote:CopyToRemote": { remotePath: "/x", source } };
    for (const [kind, inputs] of Object.entries(others)) {
      const checked = await check(kind, { ...inputs, connection: unknownValue });
      expect([checked.problems, checked.inputs["connection"]]).toEqual([[], unknownValue]);
    }
  });

  test("a host key is checked where one is given", async () => {
    writeClient("ssh", 'sh -c "$connect"');
    const hostKey = "ssh-ed25519 AAAAkey root@web\n";
    await create("remote:Command", { connection: { ...connection, hostKey }, create: "true" });
    expect(noted("hosts")).toBe("lifeboat-host ssh-ed25519 AAAAkey\n");
    expect(noted("arguments")).toContain("-oStrictHostKeyChecking=yes");
    // The official provider offers the one type that it was given: it agrees on no other.
    expect(noted("arguments")).toContain("-oHostKeyAlgorithms=ssh-ed25519 ");
  });

  test.each([
    ["Host key verification failed.", "ssh: host key mismatch"],
    [
      "Unable to negotiate with 192.0.2.101 port 22: no matching host key type found. Their offer: rsa-sha2-512,rsa-sha2-256",
      "ssh: no common algorithm for host key; peer offered: [rsa-sha2-512 rsa-sha2-256]",
    ],
  ])("a host that shows another key gets nothing, in the official provider's words: %s [N3]", async (said, words) => {
    writeClient("ssh", `echo '${said}' >&2; exit 255`);
    const inputs = { connection: { ...connection, hostKey: "ssh-ed25519 AAAAkey" }, create: "cat", stdin: "secret" };
    await expect(create("remote:Command", inputs)).rejects.toMatchObject({
      details: `after 2 failed attempts: ssh: handshake failed: ${words}`,
    });
  });

  test("a host key that is none is an error at once [N3]", async () => {
    writeClient("ssh", 'sh -c "$connect"');
    const inputs = { connection: { ...connection, hostKey: "SHA256:abc" }, create: "true" };
    await expect(create("remote:Command", inputs)).rejects.toMatchObject({
      details: "failed to parse host key: ssh: no key found",
    });
    expect(existsSync(path.join(folder, "arguments"))).toBe(false);
  });

  test("connecting is tried again up to the limit", async () => {
    writeClient("ssh", "echo refused >&2; exit 255");
    const attempt = create("remote:Command", { connection, create: "true" });
    await expect(attempt).rejects.toMatchObject({
      details: "after 2 failed attempts: refused",
    });
    expect(noted("arguments").trim().split("\n")).toHaveLength(3);
  });

  test("Ctrl-C waits for a command that runs on the other side", async () => {
    writeClient(
      "ssh",
      `sh -c "$connect"; touch ${folder}/begun; until [ -e ${folder}/go-on ]; do sleep 0.05; done; echo whole`,
    );
    const begun = create("remote:Command", { connection, create: "true" });
    await appears("begun");
    await ask(client.cancel, new Empty());
    writeFileSync(path.join(folder, "go-on"), "");
    expect((await begun).state).toMatchObject({ stdout: "whole" });
  });

  test("Ctrl-C ends the attempts to connect", async () => {
    writeClient("ssh", `touch ${folder}/begun; exit 255`);
    const begun = create("remote:Command", { connection: { ...connection, dialErrorLimit: -1 }, create: "true" });
    await appears("begun");
    await ask(client.cancel, new Empty());
    await expect(begun).rejects.toMatchObject({ details: "context canceled" });
  });

  test("variables for a command are refused: a server takes none that its AcceptEnv does not name", async () => {
    const { problems } = await check("remote:Command", { connection, create: "true", environment: { NAME: "x" } });
    expect(problems).toEqual([expect.stringMatching(/^environment: .* AcceptEnv/)]);
  });

  test("a command that was begun is never run again, also when it ends like a failed connection", async () => {
    writeClient("ssh", 'sh -c "$connect"; exit 255');
    await expect(create("remote:Command", { connection, create: "true" })).rejects.toMatchObject({
      details: 'Process exited with status 255: running "true":\n',
    });
    expect(noted("arguments").trim().split("\n")).toHaveLength(1);
  });

  test("a secret in the command itself is refused, because others could read it", async () => {
    const { problems } = await check("remote:Command", { connection, create: secret("echo not-a-secret-1") });
    expect(problems).toEqual([expect.stringMatching(/^create: .* keeps no secret in a remote command/)]);
  });

  test("passwords and jump hosts are refused; defaults are those of the official provider", async () => {
    const { inputs, problems } = await check("remote:Command", {
      connection: { host: "a", password: "not-a-secret-1", proxy: { host: "b" } },
      create: "true",
    });
    expect(problems.map((problem) => problem.split(":")[0])).toEqual(["connection.password", "connection.proxy"]);
    const defaults = { user: "root", port: 22, dialErrorLimit: 10, perDialTimeout: 15 };
    expect(inputs["connection"]).toMatchObject({ value: { ...defaults, host: "a" } });
  });

  const asset = { "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17" };
  const archive = { "4dabf18193072939515e22adb298388d": "0def7320c3a5731c473e5ecbe6d01bc7" };

  function copy(source: Values, remotePath: string) {
    return create("remote:CopyToRemote", { connection, source, remotePath });
  }

  test("a file goes to its path, or into a folder that is there", async () => {
    const file = path.join(folder, "a b.txt");
    writeFileSync(file, "content");
    writeSftp(["/srv/there"]);
    await copy({ ...asset, path: file }, "/srv/new/name");
    expect(withoutEmpty("batch")).toBe(`-mkdir "/srv"\n-mkdir "/srv/new"\nput "${file}" "/srv/new/name"\n`);
    await copy({ ...asset, path: file }, "/srv/there");
    expect(noted("batch")).toContain(`put "${file}" "/srv/there/a b.txt"`);
  });

  test("a text goes through a file, and not into a folder", async () => {
    writeSftp(["/there"]);
    await copy({ ...asset, text: "content" }, "/file");
    expect(withoutEmpty("batch")).toMatch(/^put "\S+\/text" "\/file"\n$/);
    await expect(copy({ ...asset, text: "content" }, "/there")).rejects.toMatchObject({
      details: expect.stringMatching(/is a directory/),
    });
  });

  test.each([
    ["", "/to/from/sub/file"],
    ["/", "/to/sub/file"],
  ])("a folder that ends with %j puts its file at %s", async (end, target) => {
    mkdirSync(path.join(folder, "from/sub"), { recursive: true });
    writeFileSync(path.join(folder, "from/sub/file"), "");
    writeSftp(["/to"]);
    await copy({ ...archive, path: `${folder}/from${end}` }, "/to");
    expect(noted("batch")).toContain(`-mkdir "${path.dirname(target)}"\n`);
    expect(noted("batch")).toContain(`put "${folder}/from/sub/file" "${target}"\n`);
  });

  test("a file's mode stays here: the server makes its own, and what is there keeps its mode [N7]", async () => {
    const file = path.join(folder, "key");
    writeFileSync(file, "x", { mode: 0o600 });
    writeSftp([]);
    await copy({ ...asset, path: file }, "/srv/key");
    const [, empty] = /^put "(\S+\/empty)" "\/srv\/key"\nput "\S+\/key" "\/srv\/key"$/m.exec(noted("batch")) ?? [];
    expect(empty).toBeDefined();
    expect(noted("empty-mode")).toBe("666\n");
  });

  test("names cannot become commands or patterns", async () => {
    const file = path.join(folder, 'x" y*');
    writeFileSync(file, "");
    chmodSync(file, 0o600);
    writeSftp([]);
    await copy({ ...asset, path: file }, "/file");
    expect(withoutEmpty("batch")).toBe(`put "${folder}/x\\" y*" "/file"\n`);
    await expect(copy({ ...asset, path: file }, "/a\nput b")).rejects.toMatchObject({
      details: expect.stringMatching(/line break/),
    });
  });

  test("a copy is repeated only when source or path change", async () => {
    const file = path.join(folder, "file");
    writeFileSync(file, "");
    writeSftp([]);
    const inputs = { connection, source: { ...asset, path: file, hash: "1" }, remotePath: "/file" };
    await update("remote:CopyToRemote", inputs, { ...inputs, connection: { ...connection, port: 23 } });
    expect(existsSync(path.join(folder, "commands"))).toBe(false);
    await update("remote:CopyToRemote", inputs, { ...inputs, source: { ...asset, path: file, hash: "2" } });
    expect(noted("commands")).toContain("put ");
  });

  test("a source that is no file here is refused", async () => {
    const uri = { connection, remotePath: "/x", source: { ...asset, uri: "https://192.0.2.1/x" } };
    expect((await check("remote:CopyToRemote", uri)).problems).toEqual([expect.stringMatching(/^source: /)]);
  });
});

test("other resources and functions of the package are refused by name", async () => {
  await expect(check("remote:CopyFile", {})).rejects.toMatchObject({
    details: "The stand-in for the command provider does not implement command:remote:CopyFile",
  });
  await expect(ask(client.invoke, new InvokeRequest().setTok("command:local:run"))).rejects.toMatchObject({
    details: "The stand-in does not implement /pulumirpc.ResourceProvider/Invoke",
  });
});

test("the engine is told that secrets and previews are understood", async () => {
  const response = await ask<ConfigureRequest, ConfigureResponse>(client.configure, new ConfigureRequest());
  expect([response.getAcceptsecrets(), response.getSupportspreview()]).toEqual([true, true]);
});
