import { execFileSync } from "node:child_process";
import { sandboxExports, shellExports, withExports } from "../../../sandbox/setup/exports";
import { layoutOf } from "../../../sandbox/setup/layout";

describe("what the sandbox exports", () => {
  test("survives a shell, whatever the folder is called", () => {
    const layout = layoutOf(`/srv/it's $(touch pwned) "here"`);
    const exports = sandboxExports(layout, "/opt/tool chain/bin");
    const script = `${shellExports(exports)}printf '%s\\n' "$LIFEBOAT_PROJECT" "$PATH"`;
    const printed = execFileSync("/bin/sh", ["-c", script], { encoding: "utf8", env: { PATH: "/usr/bin" } });
    expect(printed).toBe(`${layout.project}\n${layout.bin}:/opt/tool chain/bin:/usr/bin\n`);
  });

  test("names no secret, only the files that hold them", () => {
    const { variables } = sandboxExports(layoutOf("/srv/site"), undefined);
    expect(variables).toMatchObject({
      LIFEBOAT_PROXMOX_TOKEN_FILE: "/srv/site/keys/token",
      PULUMI_CONFIG_PASSPHRASE_FILE: "/srv/site/keys/passphrase",
    });
    expect(Object.keys(variables)).not.toContain("LIFEBOAT_PROXMOX_TOKEN");
  });

  test("goes on top of an environment, before its PATH", () => {
    const exports = sandboxExports(layoutOf("/srv/site"), undefined);
    expect(withExports({ HOME: "/root", PATH: "/usr/bin", PULUMI_HOME: "/other" }, exports)).toMatchObject({
      HOME: "/root",
      PATH: "/srv/site/bin:/usr/bin",
      PULUMI_HOME: "/srv/site/pulumi-home",
    });
  });
});
