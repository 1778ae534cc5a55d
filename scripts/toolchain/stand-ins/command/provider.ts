import { randomBytes } from "node:crypto";
import { status, type handleUnaryCall, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { PluginInfo, type PluginAttach } from "@pulumi/pulumi/proto/plugin_pb";
import {
  CheckFailure,
  CheckResponse,
  ConfigureResponse,
  CreateResponse,
  DiffResponse,
  PropertyDiff,
  ProviderHandshakeResponse,
  ReadResponse,
  UpdateResponse,
  type CheckRequest,
  type ConfigureRequest,
  type CreateRequest,
  type DeleteRequest,
  type DiffRequest,
  type ProviderHandshakeRequest,
  type ReadRequest,
  type UpdateRequest,
} from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import { failure } from "../plugin-server";
import { CopyToRemote } from "./copy-to-remote";
import { EngineLog } from "./engine-log";
import { LocalCommand } from "./local-command";
import { RemoteCommand } from "./remote-command";
import type { Call, ResourceKind } from "./resource";
import { changedNames, reveal, unknownValue, type Properties } from "./values";

const idBytes = 4;

/** pulumirpc.ResourceProvider for the package `command`. */
export class CommandProvider {
  private readonly kinds: Readonly<Record<string, ResourceKind>> = {
    "command:local:Command": new LocalCommand(),
    "command:remote:Command": new RemoteCommand(),
    "command:remote:CopyToRemote": new CopyToRemote(),
  };
  private readonly stop = new AbortController();
  private log: EngineLog | undefined;

  constructor(
    engineAddress: string | undefined,
    private readonly version: string,
  ) {
    this.log = engineAddress === undefined ? undefined : new EngineLog(engineAddress);
  }

  calls(): UntypedServiceImplementation {
    return {
      handshake: this.handshake,
      attach: this.attach,
      getPluginInfo: this.getPluginInfo,
      checkConfig: this.checkConfig,
      diffConfig: this.diffConfig,
      configure: this.configure,
      check: this.check,
      diff: this.diff,
      create: this.create,
      read: this.read,
      update: this.update,
      delete: this.delete,
      cancel: this.cancel,
    };
  }

  /** Ends what the user stopped: commands here, and attempts to connect. */
  cancelAll(): void {
    this.stop.abort();
  }

  private readonly handshake = answer((request: ProviderHandshakeRequest) => {
    this.log = new EngineLog(request.getEngineAddress());
    return new ProviderHandshakeResponse().setAcceptSecrets(true);
  });

  private readonly attach = answer((request: PluginAttach) => {
    this.log = new EngineLog(request.getAddress());
    return new Empty();
  });

  private readonly getPluginInfo = answer((_request: Empty) => new PluginInfo().setVersion(this.version));

  private readonly checkConfig = answer((request: CheckRequest) => new CheckResponse().setInputs(request.getNews()));

  private readonly diffConfig = answer((_request: DiffRequest) =>
    new DiffResponse().setChanges(DiffResponse.DiffChanges.DIFF_NONE),
  );

  private readonly configure = answer((_request: ConfigureRequest) =>
    new ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true),
  );

  private readonly check = answer((request: CheckRequest) => {
    const { inputs, problems } = this.kind(request.getUrn()).check(properties(request.getNews()));
    const failures = problems.map(({ property, reason }) => new CheckFailure().setProperty(property).setReason(reason));
    return new CheckResponse().setInputs(struct(inputs)).setFailuresList(failures);
  });

  private readonly diff = answer((request: DiffRequest) => {
    const kind = this.kind(request.getUrn());
    const olds = request.hasOldInputs()
      ? properties(request.getOldInputs())
      : without(properties(request.getOlds()), kind.outputs);
    const changed = changedNames(olds, properties(request.getNews()));
    const replaces = changed.filter((name) => kind.replacing.includes(name));
    const { DIFF_NONE, DIFF_SOME } = DiffResponse.DiffChanges;
    const response = new DiffResponse()
      .setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE)
      .setDiffsList(changed)
      .setReplacesList(replaces)
      .setHasdetaileddiff(true);
    const { UPDATE, UPDATE_REPLACE } = PropertyDiff.Kind;
    for (const name of changed) {
      const how = replaces.includes(name) ? UPDATE_REPLACE : UPDATE;
      response.getDetaileddiffMap().set(name, new PropertyDiff().setKind(how).setInputdiff(true));
    }
    return response;
  });

  private readonly create = answer(async (request: CreateRequest) => {
    const kind = this.kind(request.getUrn());
    const inputs = properties(request.getProperties());
    const outputs = request.getPreview()
      ? unknownOutputs(kind)
      : await this.run(request.getUrn(), (call) => kind.create(inputs, call));
    const id = kind.idPrefix(nameOf(request.getUrn())) + randomBytes(idBytes).toString("hex");
    return new CreateResponse().setId(id).setProperties(struct(state(inputs, outputs)));
  });

  private readonly update = answer(async (request: UpdateRequest) => {
    const kind = this.kind(request.getUrn());
    const inputs = properties(request.getNews());
    const olds = properties(request.getOlds());
    const outputs = request.getPreview()
      ? unknownOutputs(kind)
      : await this.run(request.getUrn(), (call) => kind.update(inputs, olds, call));
    return new UpdateResponse().setProperties(struct(state(inputs, outputs)));
  });

  private readonly delete = answer(async (request: DeleteRequest) => {
    const kind = this.kind(request.getUrn());
    await this.run(request.getUrn(), (call) => kind.delete(properties(request.getProperties()), call));
    return new Empty();
  });

  /** There is nothing to look at: what a command did is known only from its state. */
  private readonly read = answer((request: ReadRequest) =>
    new ReadResponse().setId(request.getId()).setProperties(request.getProperties()).setInputs(request.getInputs()),
  );

  private readonly cancel = answer((_request: Empty) => {
    this.cancelAll();
    return new Empty();
  });

  private kind(urn: string): ResourceKind {
    const type = typeOf(urn);
    const kind = this.kinds[type];
    if (!kind) {
      throw new Error(`The stand-in for the command provider does not implement ${type}`);
    }
    return kind;
  }

  private async run<T>(urn: string, action: (call: Call) => Promise<T>): Promise<T> {
    try {
      return await action({ log: (line) => this.log?.show(urn, line), signal: this.stop.signal });
    } finally {
      await this.log?.flush();
    }
  }
}

/** A call that is answered by a value or a promise; what is thrown becomes the text that the user reads. */
function answer<Request, Response>(
  handler: (request: Request) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, done) => {
    Promise.resolve()
      .then(() => handler(call.request))
      .then(
        (response) => done(null, response),
        (error: unknown) => done(failure(status.UNKNOWN, error instanceof Error ? error.message : String(error))),
      );
  };
}

/**
 * Outputs are no secret, whatever went in, as with the official provider: a resource that needs it says so with
 * `additionalSecretOutputs`.
 */
function state(inputs: Properties, outputs: Properties): Properties {
  return { ...inputs, ...Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, reveal(value)])) };
}

function unknownOutputs(kind: ResourceKind): Properties {
  return Object.fromEntries(kind.outputs.map((name) => [name, unknownValue]));
}

function without(values: Properties, names: readonly string[]): Properties {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));
}

/** `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME` */
function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}

function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

function properties(wire: Struct | undefined): Properties {
  return wire?.toJavaScript() ?? {};
}

function struct(values: Properties): Struct {
  const plain: Record<string, JavaScriptValue> = JSON.parse(JSON.stringify(values));
  return Struct.fromJavaScript(plain);
}
