import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { onParentGone, startPluginServer } from "../plugin-server";
import { CommandProvider } from "./provider";

/** Set by the bundler: the version of the part that this stands for. */
declare const STAND_IN_VERSION: string;

async function main(): Promise<void> {
  if (process.argv.includes("--version")) {
    process.stdout.write(`${STAND_IN_VERSION}\n`);
    return;
  }
  // The engine puts its own address last, unless it attaches to a plugin that already runs.
  const engineAddress = process.argv.slice(2).findLast((word) => !word.startsWith("-"));
  const provider = new CommandProvider(engineAddress, STAND_IN_VERSION);
  const subject = "The stand-in for the command provider";
  const { port } = await startPluginServer(ResourceProviderService, provider.calls(), subject);
  onParentGone(() => {
    provider.cancelAll();
    process.exit(1);
  });
  process.stdout.write(`${port}\n`);
}

void main();
