import * as pulumi from "@pulumi/pulumi";
import { madeByProgram, stackType } from "../../site/program-types";
import type { MockResourceArgs } from "@pulumi/pulumi/runtime";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";

/**
 * Runs a piece of a Pulumi program and returns what it registered, options included: Pulumi's own mocks show neither
 * parents nor `protect`, `ignoreChanges` or secrets, which are what these tests are about.
 *
 * A resource type without a mock is an error, and so is every call of a function.
 */

/** One registration as the engine would get it. */
export interface Registration {
  readonly type: string;
  readonly name: string;
  /** Inputs by name; secrets are shown as {@link secretInput}. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Name of the parent, undefined for the stack's own children. */
  readonly parent: string | undefined;
  /** Name of the explicit provider. */
  readonly provider: string | undefined;
  readonly protect: boolean;
  readonly deleteBeforeReplace: boolean;
  readonly ignoreChanges: readonly string[];
  readonly replaceOnChanges: readonly string[];
  readonly retainOnDelete: boolean;
  /** Another value has the resource made anew. */
  readonly replacementTrigger: unknown;
  readonly dependsOn: readonly string[];
  /** Outputs that are secret whatever the provider says of them. */
  readonly secretOutputs: readonly string[];
  /** What is taken in instead of being made; empty: nothing. */
  readonly importId: string;
}

/** Stands in {@link Registration.inputs} for a secret value. */
export function secretInput(value: unknown): unknown {
  return { secret: value };
}

/** Outputs of a mocked resource, given its inputs. */
export type ResourceMock = (inputs: Readonly<Record<string, unknown>>) => Record<string, unknown>;

export interface MockedProgram<Result> {
  readonly result: Result;
  readonly registrations: readonly Registration[];
}

/** Signature that Pulumi gives to secrets inside inputs. */
const specialSignature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** What the SDK knows of the engine that started it. It has no function that says where the project is. */
const sdk = jest.requireActual<{ getStore: () => { settings: { options: { rootDirectory: string } } } }>(
  "@pulumi/pulumi/runtime/state",
);

/**
 * @param mocks by type token. Component types need none.
 * @param program declares resources; its result may hold outputs, to be read with {@link valueOf}.
 * @param options folder: of the project, for a program that reads its files
 */
export async function runProgram<Result>(
  mocks: Readonly<Record<string, ResourceMock>>,
  program: () => Result | Promise<Result>,
  options: { readonly stack?: string; readonly preview?: boolean; readonly folder?: string } = {},
): Promise<MockedProgram<Result>> {
  const problems: string[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: (args) => mockResource(mocks, args, problems),
      call: ({ token }) => {
        problems.push(`function ${token} was called`);
        throw new Error(`function ${token} was called`);
      },
    },
    "lifeboat",
    options.stack ?? "prod",
    options.preview ?? false,
  );
  if (options.folder !== undefined) sdk.getStore().settings.options.rootDirectory = options.folder;
  const requests = recordRequests();
  const result = await program();
  await pulumi.runtime.disconnect();
  problems.push(...requests.flatMap(unknownToStates));
  if (problems.length > 0) throw new Error(problems.join("; "));
  return { result, registrations: requests.map(toRegistration) };
}

/** The value of an output; rejects where the output does, instead of waiting for ever. */
export async function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the output was never known")), 2_000);
    output.apply((value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}

/** The one registration of that type and name. */
export function find(registrations: readonly Registration[], type: string, name?: string): Registration {
  const found = registrations.filter((entry) => entry.type === type && (name === undefined || entry.name === name));
  const [only] = found;
  if (only === undefined || found.length > 1) {
    const all = registrations.map((entry) => `${entry.type} ${entry.name}`).join(", ");
    throw new Error(`${found.length} registrations of ${type} ${name ?? ""} among ${all}`);
  }
  return only;
}

function mockResource(mocks: Readonly<Record<string, ResourceMock>>, args: MockResourceArgs, problems: string[]) {
  const mock = mocks[args.type];
  if (mock !== undefined) return { id: `${args.name}-id`, state: { ...args.inputs, ...mock(args.inputs) } };
  if (args.custom === false) return { id: undefined, state: {} };
  problems.push(`resource ${args.name} has the unexpected type ${args.type}`);
  throw new Error(`unexpected resource ${args.type}`);
}

/** Keeps every registration that goes to Pulumi's mocked engine. */
function recordRequests(): RegisterResourceRequest[] {
  const requests: RegisterResourceRequest[] = [];
  const monitor: unknown = pulumi.runtime.getMonitor();
  if (!isMonitor(monitor)) throw new Error("Pulumi's mocks have no registerResource: their form has changed");
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    requests.push(request);
    return register(request, callback);
  };
  return requests;
}

interface Monitor {
  registerResource(request: RegisterResourceRequest, callback: unknown): unknown;
}

function isMonitor(value: unknown): value is Monitor {
  return typeof value === "object" && value !== null && "registerResource" in value;
}

function toRegistration(request: RegisterResourceRequest): Registration {
  const inputs: unknown = request.getObject()?.toJavaScript() ?? {};
  return {
    type: request.getType(),
    name: request.getName(),
    inputs: showSecrets(inputs),
    parent: nameInUrn(request.getParent()),
    provider: nameInUrn(request.getProvider().split("::").slice(0, 4).join("::")),
    protect: request.getProtect() === true,
    deleteBeforeReplace: request.getDeletebeforereplace(),
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    retainOnDelete: request.getRetainondelete() === true,
    replacementTrigger: request.getReplacementTrigger()?.toJavaScript(),
    importId: request.getImportid(),
    secretOutputs: request.getAdditionalsecretoutputsList(),
    dependsOn: request.getDependenciesList().flatMap((urn) => nameInUrn(urn) ?? []),
  };
}

/** What a component makes and a state may not have: Lifeboat would refuse to work with what it made itself (N2). */
function unknownToStates(request: RegisterResourceRequest): string[] {
  const [, , around = ""] = request.getParent().split("::");
  const isOurs = `${around} ${request.getType()}`.includes("lifeboat:");
  const types = around === "" || around === stackType ? request.getType() : `${around}$${request.getType()}`;
  const expected = request.getCustom() ? "resource" : "component";
  return !isOurs || madeByProgram(types) === expected ? [] : [`site/program-types.ts does not know ${types}`];
}

function nameInUrn(urn: string): string | undefined {
  const [, , type, name] = urn.split("::");
  return type === undefined || type === "pulumi:pulumi:Stack" ? undefined : name;
}

function showSecrets(inputs: unknown): Record<string, unknown> {
  return isRecord(inputs) ? Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, show(value)])) : {};
}

function show(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(show);
  if (!isRecord(value)) return value;
  return value[specialSignature] === secretSignature ? secretInput(show(value["value"])) : showSecrets(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
