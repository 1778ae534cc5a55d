import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import { onParentGone, startPluginServer } from "../plugin-server";
import { LanguageHost } from "./language-host";

/** Set by the bundler: the version of the part that this stands for. */
declare const STAND_IN_VERSION: string;

async function main(): Promise<void> {
  // The engine puts its own address last; what comes before are flags that this host has no use for.
  const engineAddress = process.argv.at(-1);
  if (engineAddress === undefined || process.argv.length < 3) {
    process.stderr.write("Usage: pulumi-language-nodejs ENGINE-ADDRESS\nIt is started by pulumi, not by hand.\n");
    process.exitCode = 2;
    return;
  }
  const host = new LanguageHost(engineAddress, STAND_IN_VERSION);
  const subject = "The stand-in for pulumi-language-nodejs";
  const { port } = await startPluginServer(LanguageRuntimeService, host.calls(), subject);
  onParentGone(() => {
    host.endProgram();
    process.exit(1);
  });
  process.stdout.write(`${port}\n`);
}

void main();
