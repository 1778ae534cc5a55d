import {
  Server,
  ServerCredentials,
  status,
  type ServiceDefinition,
  type ServiceError,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";

/** Pulumi's engine sends whole states and settings in one message. */
const unlimited = -1;
const parentCheckMilliseconds = 2_000;

/**
 * Serves a plugin of Pulumi on a free port of loopback. Calls that are not implemented end with UNIMPLEMENTED, streaming
 * ones too: the engine would wait for ever for the end of a stream.
 *
 * @param subject what the error of such a call says does not implement it.
 */
export async function startPluginServer(
  service: ServiceDefinition,
  implemented: UntypedServiceImplementation,
  subject: string,
): Promise<{ server: Server; port: number }> {
  const server = new Server({
    "grpc.max_receive_message_length": unlimited,
    "grpc.max_send_message_length": unlimited,
  });
  server.addService(service, { ...refusals(service, subject), ...implemented });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
  return { server, port };
}

/** Calls an action when the process that started this one has ended, however it ended. */
export function onParentGone(action: () => void): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) {
      action();
    }
  }, parentCheckMilliseconds).unref();
}

/** The status of a call that failed for a reason that the user should read. */
export function failure(code: status, message: string): Partial<ServiceError> {
  return { code, details: message };
}

function refusals(service: ServiceDefinition, subject: string): UntypedServiceImplementation {
  const calls: UntypedServiceImplementation = {};
  for (const [name, definition] of Object.entries(service)) {
    const error = failure(status.UNIMPLEMENTED, `${subject} does not implement ${definition.path}`);
    calls[name] = definition.responseStream ? refuseStream(error) : refuseCall(error);
  }
  return calls;
}

function refuseStream(error: Partial<ServiceError>): UntypedHandleCall {
  return (call: { emit(event: "error", error: Partial<ServiceError>): boolean }) => void call.emit("error", error);
}

function refuseCall(error: Partial<ServiceError>): UntypedHandleCall {
  return (_call: unknown, callback: (error: Partial<ServiceError>) => void) => callback(error);
}
