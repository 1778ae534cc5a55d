import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import {
  CheckRequest,
  type CheckResponse,
  ConfigureRequest,
  CreateRequest,
  type CreateResponse,
  DeleteRequest,
  ReadRequest,
  type ReadResponse,
} from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { startPluginServer } from "../../scripts/toolchain/stand-ins/plugin-server";

type Values = Record<string, JavaScriptValue>;

/** What is made: its type as in `proxmoxve:backup/job:Job`, a name, and its inputs. */
export interface Wanted {
  readonly type: string;
  readonly name: string;
  readonly inputs: Values;
}

/** Lines of standard error that a failure shows: a panic's reason is its first one. */
const panic = /^(?:panic|fatal error): .*/mu;

/** A plugin of Pulumi as a process of its own, spoken to as the engine does. */
export class Plugin {
  private errors = "";

  private constructor(
    private readonly child: ChildProcess,
    private readonly name: string,
    private readonly stopEngine: () => void,
  ) {
    child.stderr?.on("data", (chunk: Buffer) => (this.errors += chunk.toString("utf8")));
  }

  /** Runs with a plugin that is configured, and ends it. @throws Error with what the plugin says. */
  static async use(
    program: string,
    name: string,
    settings: Readonly<Record<string, string>>,
    variables: NodeJS.ProcessEnv,
    work: (plugin: Plugin) => Promise<void>,
  ): Promise<void> {
    const { server, port } = await startPluginServer(EngineService, { log: acknowledge }, "The trial");
    const child = spawn(program, [`127.0.0.1:${String(port)}`], {
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...variables },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const plugin = new Plugin(child, name, () => server.forceShutdown());
    try {
      await plugin.connect();
      await plugin.configure(settings);
      await work(plugin);
    } finally {
      plugin.stop();
    }
  }

  /** Makes it, looks at it again, and takes it away. */
  async makeAndDelete(wanted: Wanted): Promise<void> {
    const { type, name } = wanted;
    const urn = `urn:pulumi:trial::trial::${type}::${name}`;
    const check = new CheckRequest().setUrn(urn).setNews(Struct.fromJavaScript(wanted.inputs));
    const checked = await this.ask<CheckRequest, CheckResponse>(`${type}: check`, this.client.check, check);
    const [problem] = checked.getFailuresList();
    if (problem !== undefined) throw new Error(`${type}: ${problem.getProperty()}: ${problem.getReason()}`);
    const inputs = checked.getInputs() ?? new Struct();
    const create = new CreateRequest().setUrn(urn).setProperties(inputs);
    const made = await this.ask<CreateRequest, CreateResponse>(`${type}: make`, this.client.create, create);
    if (made.getId() === "") throw new Error(`${type}: make: it has no id`);
    const read = new ReadRequest()
      .setUrn(urn)
      .setId(made.getId())
      .setProperties(made.getProperties())
      .setInputs(inputs);
    const seen = await this.ask<ReadRequest, ReadResponse>(`${type}: refresh`, this.client.read, read);
    if (seen.getId() !== made.getId()) {
      throw new Error(`${type}: refresh: ${made.getId()} was made, and ${seen.getId() || "nothing"} is there`);
    }
    const gone = new DeleteRequest().setUrn(urn).setId(made.getId()).setProperties(seen.getProperties());
    await this.ask<DeleteRequest, Empty>(`${type}: delete`, this.client.delete, gone);
  }

  private client!: ResourceProviderClient;

  /** A plugin says its port in its first line. */
  private async connect(): Promise<void> {
    const { stdout } = this.child;
    if (stdout === null) throw new Error("its output is not read");
    const port = await new Promise<string>((resolve, reject) => {
      createInterface({ input: stdout }).once("line", resolve);
      this.child.once("error", reject);
      this.child.once("exit", (code) => reject(new Error(this.reason(`it ended with ${String(code)} at its start`))));
    });
    this.client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  }

  private async configure(settings: Readonly<Record<string, string>>): Promise<void> {
    const request = new ConfigureRequest().setAcceptsecrets(true).setArgs(Struct.fromJavaScript({ ...settings }));
    for (const [name, value] of Object.entries(settings))
      request.getVariablesMap().set(`${this.name}:config:${name}`, value);
    await this.ask("configure", this.client.configure, request);
  }

  private ask<Request, Response>(
    what: string,
    call: (request: Request, done: (error: ServiceError | null, response: Response) => void) => unknown,
    request: Request,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      call.call(this.client, request, (error, response) =>
        error ? reject(new Error(`${what}: ${this.reason(error.details)}`)) : resolve(response),
      );
    });
  }

  private reason(said: string): string {
    return panic.exec(this.errors)?.[0] ?? said;
  }

  private stop(): void {
    this.client?.close();
    this.child.kill("SIGKILL");
    this.stopEngine();
  }
}

function acknowledge(_call: unknown, done: (error: null, response: Empty) => void): void {
  done(null, new Empty());
}
