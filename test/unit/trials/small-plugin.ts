import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import {
  CheckResponse,
  ConfigureResponse,
  type CheckRequest,
  CreateResponse,
  type ReadRequest,
  ReadResponse,
} from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { startPluginServer } from "../../../scripts/toolchain/stand-ins/plugin-server";

/** A plugin that makes nothing, and fails in the way that it is told: its first word. */
const [fault = ""] = process.argv.slice(2);

type Answer<Request, Response> = (
  call: { request: Request },
  done: (error: Error | null, answer?: Response) => void,
) => void;

const check: Answer<CheckRequest, CheckResponse> = ({ request }, done) =>
  done(null, new CheckResponse().setInputs(request.getNews()));

const create: Answer<unknown, CreateResponse> = (_call, done) => {
  if (fault === "panics") {
    process.stderr.write("panic: interface conversion: interface {} is nil, not int\n\ngoroutine 1 [running]:\n", () =>
      process.exit(2),
    );
    return;
  }
  done(fault === "refuses" ? new Error("it is not made") : null, new CreateResponse().setId("made"));
};

const read: Answer<ReadRequest, ReadResponse> = ({ request }, done) =>
  done(
    null,
    new ReadResponse().setId(fault === "forgets" ? "" : request.getId()).setProperties(request.getProperties()),
  );

const calls: UntypedServiceImplementation = {
  configure: (_call: unknown, done: (error: null, answer: ConfigureResponse) => void) =>
    done(null, new ConfigureResponse()),
  check,
  create,
  read,
  delete: (_call: unknown, done: (error: Error | null, answer?: Empty) => void) =>
    done(fault === "keeps" ? new Error("it stays") : null, new Empty()),
};

if (fault === "never-starts") process.exit(3);
void startPluginServer(ResourceProviderService, calls, "The small plugin").then(({ port }) =>
  process.stdout.write(`${String(port)}\n`),
);
