import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { credentials, status, type ServiceError } from "@grpc/grpc-js";
import { LanguageRuntimeClient, LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import {
  GetProgramDependenciesRequest,
  GetRequiredPackagesRequest,
  InstallDependenciesRequest,
  ProgramInfo,
  RunPluginRequest,
  RunRequest,
  TemplateRequest,
  type GetProgramDependenciesResponse,
  type GetRequiredPackagesResponse,
  type RunResponse,
} from "@pulumi/pulumi/proto/language_pb";
import type { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { LanguageHost } from "../../../../../../scripts/toolchain/stand-ins/language-host/language-host";
import { splitWords } from "../../../../../../scripts/toolchain/stand-ins/language-host/program";
import { startPluginServer } from "../../../../../../scripts/toolchain/stand-ins/plugin-server";
import { removeScratchFolders, scratchFolder } from "../../scratch";

let client: LanguageRuntimeClient;
let stop: () => void;
let program: string;

beforeEach(async () => {
  const host = new LanguageHost("127.0.0.1:1", "3.258.0");
  const { server, port } = await startPluginServer(LanguageRuntimeService, host.calls(), "The stand-in");
  client = new LanguageRuntimeClient(`127.0.0.1:${port}`, credentials.createInsecure());
  program = scratchFolder();
  stop = () => {
    client.close();
    server.forceShutdown();
  };
});

afterEach(() => {
  stop();
  removeScratchFolders();
});

/** A call that is answered once, as a promise. */
function ask<Request, Response>(
  call: (request: Request, done: (error: ServiceError | null, response: Response) => void) => unknown,
  request: Request,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    call.call(client, request, (error, response) => (error ? reject(error) : resolve(response)));
  });
}

/** What a stream ends with: its error, or "end". */
function ending(stream: NodeJS.ReadableStream): Promise<unknown> {
  return new Promise((resolve) => {
    stream
      .on("error", resolve)
      .on("end", () => resolve("end"))
      .resume();
  });
}

function writePackage(folder: string, manifest: object): void {
  mkdirSync(path.join(program, folder), { recursive: true });
  writeFileSync(path.join(program, folder, "package.json"), JSON.stringify(manifest));
}

/** In the place of Pulumi's own runner: tells what it was started with, and ends as it is told. */
function writeRunner(exitCode: number): void {
  writePackage("node_modules/@pulumi/pulumi", { name: "@pulumi/pulumi", version: "3.270.0" });
  mkdirSync(path.join(program, "node_modules/@pulumi/pulumi/cmd/run"), { recursive: true });
  writeFileSync(
    path.join(program, "node_modules/@pulumi/pulumi/cmd/run/index.js"),
    `const { argv, execArgv, env } = process;
     require("fs").writeFileSync("told.json", JSON.stringify({ words: argv.slice(2), execArgv, env, folder: process.cwd() }));
     process.exit(${exitCode});`,
  );
}

interface Told {
  readonly words: string[];
  readonly execArgv: string[];
  readonly env: Record<string, string>;
  readonly folder: string;
}

function told(): Told {
  return JSON.parse(readFileSync(path.join(program, "told.json"), "utf8"));
}

function runRequest(options: Record<string, string | boolean> = {}): RunRequest {
  const info = new ProgramInfo()
    .setRootDirectory("/root-folder")
    .setProgramDirectory(program)
    .setEntryPoint(".")
    .setOptions(Struct.fromJavaScript(options));
  const request = new RunRequest()
    .setInfo(info)
    .setPwd(program)
    .setProject("lifeboat")
    .setStack("prod")
    .setOrganization("organization")
    .setParallel(16)
    .setDryrun(true)
    .setMonitorAddress("127.0.0.1:2")
    .setConfigsecretkeysList(["lifeboat:token"]);
  request.getConfigMap().set("lifeboat:profile", "prod").set("lifeboat:token", "not-a-secret-1");
  return request;
}

function run(request: RunRequest): Promise<RunResponse> {
  return ask<RunRequest, RunResponse>(client.run, request);
}

test("it says which version it stands for", async () => {
  const info = await ask<Empty, PluginInfo>(client.getPluginInfo, new Empty());
  expect(info.getVersion()).toBe("3.258.0");
});

test("a call that is not implemented ends with UNIMPLEMENTED", async () => {
  await expect(ask(client.template, new TemplateRequest())).rejects.toMatchObject({
    code: status.UNIMPLEMENTED,
    details: "The stand-in does not implement /pulumirpc.LanguageRuntime/Template",
  });
});

test("a stream that is not implemented ends, too: the engine would wait for ever", async () => {
  expect(await ending(client.runPlugin(new RunPluginRequest()))).toMatchObject({ code: status.UNIMPLEMENTED });
});

test("installing packages ends without a message", async () => {
  expect(await ending(client.installDependencies(new InstallDependenciesRequest()))).toBe("end");
});

function writeProviderPackages(): void {
  writePackage("node_modules/@pulumi/command", {
    name: "@pulumi/command",
    version: "1.2.1",
    pulumi: { resource: true },
  });
  writePackage("node_modules/@a/proxmox", {
    name: "@a/proxmox",
    version: "0.0.1",
    pulumi: { resource: true, name: "proxmoxve", version: "8.6.0", server: "github://api.github.com/a/b" },
  });
  writePackage("node_modules/plain", { name: "plain", version: "1.0.0" });
  writePackage("node_modules/plain/node_modules/@pulumi/nested", {
    name: "@pulumi/nested",
    version: "2.0.0",
    pulumi: { resource: true },
  });
  // Others have to name their plugin; a policy pack's plugins are its own.
  writePackage("node_modules/nameless", { name: "nameless", version: "2.0.0", pulumi: { resource: true } });
  writePackage("policies/node_modules/@pulumi/policy", { name: "@pulumi/policy", pulumi: { resource: true } });
  writeFileSync(path.join(program, "policies/PulumiPolicy.yaml"), "");
}

async function requiredIn(folder: string): Promise<string[][]> {
  const response = await ask<GetRequiredPackagesRequest, GetRequiredPackagesResponse>(
    client.getRequiredPackages,
    new GetRequiredPackagesRequest().setInfo(new ProgramInfo().setProgramDirectory(folder)),
  );
  return response
    .getPackagesList()
    .map((one) => [one.getKind(), one.getName(), one.getVersion(), one.getServer()])
    .sort();
}

test("every installed package with a resource plugin is required, nested and linked ones too", async () => {
  writeProviderPackages();
  const expected = [
    ["resource", "command", "v1.2.1", ""],
    ["resource", "nested", "v2.0.0", ""],
    ["resource", "proxmoxve", "v8.6.0", "github://api.github.com/a/b"],
  ];
  expect(await requiredIn(program)).toEqual(expected);
  const linking = scratchFolder();
  symlinkSync(path.join(program, "node_modules"), path.join(linking, "node_modules"));
  expect(await requiredIn(linking)).toEqual(expected);
});

test("packages above the program's folder are not seen: not by pulumi install, not by pulumi about [N7]", async () => {
  writeProviderPackages();
  writePackage(".", { dependencies: { plain: "*" } });
  const stacks = path.join(program, "stacks");
  mkdirSync(stacks);
  expect(await requiredIn(stacks)).toEqual([]);
  const request = new GetProgramDependenciesRequest().setInfo(new ProgramInfo().setProgramDirectory(stacks));
  await expect(ask(client.getProgramDependencies, request)).rejects.toMatchObject({
    details: `could not find either ${stacks}/yarn.lock or ${stacks}/package-lock.json`,
  });
});

test("dependencies are told in the versions that are installed", async () => {
  writePackage(".", { dependencies: { one: "^1.0.0" }, devDependencies: { two: "*" } });
  writePackage("node_modules/one", { version: "1.4.0" });
  const request = new GetProgramDependenciesRequest().setInfo(new ProgramInfo().setProgramDirectory(program));
  const response = await ask<GetProgramDependenciesRequest, GetProgramDependenciesResponse>(
    client.getProgramDependencies,
    request,
  );
  expect(response.getDependenciesList().map((one) => [one.getName(), one.getVersion()])).toEqual([
    ["one", "1.4.0"],
    ["two", ""],
  ]);
});

test("a program is started by its own @pulumi/pulumi, with its settings", async () => {
  writeRunner(0);
  const response = await run(runRequest());
  expect(response.toObject()).toEqual({ error: "", bail: false });
  const { words, env, folder } = told();
  expect(folder).toBe(program);
  expect(words.join(" ")).toBe(
    "--monitor 127.0.0.1:2 --engine 127.0.0.1:1 --organization organization --project lifeboat " +
      `--root-directory /root-folder --stack prod --pwd ${program} --dry-run --parallel 16 .`,
  );
  expect(JSON.parse(env["PULUMI_CONFIG"] ?? "")).toEqual({
    "lifeboat:config:profile": "prod",
    "lifeboat:config:token": "not-a-secret-1",
  });
  expect(env["PULUMI_CONFIG_SECRET_KEYS"]).toBe('["lifeboat:config:token"]');
  expect(env["PULUMI_NODEJS_TYPESCRIPT"]).toBe("true");
  expect(words.join(" ")).not.toContain("not-a-secret-1");
});

test("runtime options reach Node and the program", async () => {
  writeRunner(0);
  const options = { typescript: false, tsconfig: "other.json", nodeargs: "--no-warnings --title='my program'" };
  await run(runRequest(options));
  const { execArgv, env } = told();
  expect(execArgv).toEqual(["--no-warnings", "--title=my program"]);
  expect(env["PULUMI_NODEJS_TYPESCRIPT"]).toBe("false");
  expect(env["PULUMI_NODEJS_TSCONFIG_PATH"]).toBe("other.json");
});

test("an option that it does not know is refused", async () => {
  writeRunner(0);
  const response = await run(runRequest({ deno: true }));
  expect(response.getError()).toContain("does not know runtime option deno");
});

test.each([
  [32, { error: "", bail: true }],
  [1, { error: "Program exited with non-zero exit code: 1", bail: false }],
])("a program that ends with %i", async (exitCode, expected) => {
  writeRunner(exitCode);
  expect((await run(runRequest())).toObject()).toEqual(expected);
});

test("a program without its packages is told to install them", async () => {
  expect((await run(runRequest())).getError()).toContain("run npm ci");
});

test.each([
  ["", []],
  ["--import tsx", ["--import", "tsx"]],
  [`-r "a b" --x='c d'e`, ["-r", "a b", "--x=c de"]],
])("words of %j", (text, words) => {
  expect(splitWords(text)).toEqual(words);
});
