import { existsSync } from "node:fs";
import { join } from "node:path";
import { Plugin } from "./plugin";

/** A command here, which leaves a file and takes it away. */
export async function tryCommand(program: string, folder: string): Promise<void> {
  const file = join(folder, "made");
  await Plugin.use(program, "command", {}, {}, async (plugin) => {
    const inputs = {
      create: `echo made > '${file}'`,
      delete: `mv '${file}' '${file}.gone'`,
      interpreter: ["/bin/sh", "-c"],
    };
    await plugin.makeAndDelete({ type: "command:local:Command", name: "command", inputs });
  });
  if (!existsSync(`${file}.gone`)) throw new Error("command:local:Command: its commands did not run");
}
