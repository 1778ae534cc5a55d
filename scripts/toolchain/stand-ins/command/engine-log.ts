import { credentials } from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";

/** Shows lines on the engine's screen, beside the resource that they belong to. */
export class EngineLog {
  private readonly client: EngineClient;
  private sent: Promise<void> = Promise.resolve();

  constructor(engineAddress: string) {
    this.client = new EngineClient(engineAddress, credentials.createInsecure());
  }

  show(urn: string, message: string): void {
    const request = new LogRequest().setSeverity(LogSeverity.INFO).setEphemeral(true).setUrn(urn).setMessage(message);
    // One after the other, so that lines stay in order. A line that cannot be shown is no reason to fail.
    this.sent = this.sent.then(() => new Promise((resolve) => void this.client.log(request, () => resolve())));
  }

  /** Resolves when everything so far has been shown. */
  flush(): Promise<void> {
    return this.sent;
  }
}
