import * as pulumi from "@pulumi/pulumi";
import { Container, type ContainerArgs } from "../../../components/guests/container";
import { exampleContainerArgs } from "../../support/example-arguments";
import { find, runProgram, valueOf } from "../../support/pulumi-mocks";

const containerType = "proxmoxve:index/containerLegacy:ContainerLegacy";
const mocks = { [containerType]: () => ({}) };

async function declare(other: Partial<ContainerArgs> = {}, opts: pulumi.ComponentResourceOptions = {}) {
  const program = await runProgram(mocks, () => new Container("web", { ...exampleContainerArgs(), ...other }, opts));
  return { ...program, child: find(program.registrations, containerType) };
}

function startedThird({ type, props, opts }: pulumi.ResourceTransformationArgs) {
  return type === containerType ? { props: { ...props, startup: { order: 3 } }, opts } : undefined;
}

describe("Container", () => {
  test("registers one component and one child of it, in this order", async () => {
    const { registrations } = await declare();
    expect(registrations.map(({ type, name, parent }) => [type, name, parent])).toEqual([
      ["lifeboat:guests:Container", "web", undefined],
      [containerType, "web-container", "web"],
    ]);
  });

  test("gives the provider exactly these inputs", async () => {
    const { child } = await declare();
    expect(child.inputs).toEqual({
      nodeName: "pve-prod",
      vmId: 101,
      description: "lifeboat: prod/web",
      tags: ["lifeboat"],
      operatingSystem: { templateFileId: "local:vztmpl/debian-12-standard_amd64.tar.zst", type: "debian" },
      unprivileged: true,
      cpu: { cores: 1 },
      memory: { dedicated: 512, swap: 0 },
      disk: { datastoreId: "local", size: 8 },
      mountPoints: [
        { path: "/srv", volume: "local", size: "20G", backup: true },
        { path: "/var/cache/app", volume: "data", size: "10G", backup: false },
      ],
      networkInterfaces: [{ name: "eth0", bridge: "vmbr0", firewall: false }],
      initialization: {
        hostname: "web",
        ipConfigs: [{ ipv4: { address: "192.0.2.101/24", gateway: "192.0.2.1" } }],
      },
      startOnBoot: true,
      started: true,
      protection: false,
      timeoutCreate: 600,
      timeoutDelete: 180,
    });
  });

  test("outputs the id, so that jobs are made after it and deleted before it", async () => {
    const { result } = await declare();
    expect(await valueOf(result.vmId)).toBe(101);
  });

  test("carries the mark in its tags and in the last line of its description (trap 1: a taken id is taken over) [A14]", async () => {
    const { child } = await declare({ description: "Shop\nask the web team\n", tags: ["web", "lifeboat"] });
    expect(child.inputs).toMatchObject({
      description: "Shop\nask the web team\n\nlifeboat: prod/web",
      tags: ["lifeboat", "web"],
    });
  });

  test("is protected, and replaced only after its deletion (trap 2: a replacement destroys the guest) [A11]", async () => {
    const { child } = await declare();
    expect(child).toMatchObject({ protect: true, deleteBeforeReplace: true });
  });

  test("is not protected where the settings say so", async () => {
    expect((await declare({ protect: false })).child.protect).toBe(false);
  });

  test("does not replace a guest over its template or its first keys (trap: both force a replacement)", async () => {
    const { child } = await declare();
    expect(child.ignoreChanges).toEqual(["operatingSystem.templateFileId", "initialization.userAccount", "poolId"]);
  });

  test("always says the host name (trap 3: the second update fails without one)", async () => {
    expect((await declare()).child.inputs).toMatchObject({ initialization: { hostname: "web" } });
    expect((await declare({ hostname: "shop.example.com" })).child.inputs).toMatchObject({
      initialization: { hostname: "shop.example.com" },
    });
  });

  test("always has an interface (trap: the provider's validation fails without one)", async () => {
    const network = { bridge: "vmbr1", address: "dhcp", mac: "bc:24:11:00:01:01", vlan: 7, firewall: true };
    const { child } = await declare({ network });
    expect(child.inputs).toMatchObject({
      networkInterfaces: [
        { name: "eth0", bridge: "vmbr1", macAddress: "BC:24:11:00:01:01", vlanId: 7, firewall: true },
      ],
      initialization: { ipConfigs: [{ ipv4: { address: "dhcp" } }] },
    });
  });

  test("says the backup flag of every mount point (trap: one without the flag is in no backup) [A2]", async () => {
    const { child } = await declare();
    const { mountPoints } = child.inputs;
    expect(mountPoints).toHaveLength(2);
    for (const mountPoint of Array.isArray(mountPoints) ? mountPoints : []) expect(mountPoint).toHaveProperty("backup");
  });

  test("has no flag on the root disk: Proxmox always backs it up [A2]", async () => {
    expect((await declare()).child.inputs["disk"]).toEqual({ datastoreId: "local", size: 8 });
  });

  test("writes sizes as Proxmox prints them (trap: another spelling reads as another disk, and replaces)", async () => {
    const disks = {
      a: { mount: "/a", storage: "local", size: "1024GiB" },
      b: { mount: "/b", storage: "local", size: "1023GiB" },
      c: { mount: "/c", storage: "local", size: "3TiB" },
    };
    const { child } = await declare({ disks });
    expect(child.inputs).toMatchObject({ mountPoints: [{ size: "1T" }, { size: "1023G" }, { size: "3T" }] });
  });

  test("declares a bind mount as what it is: never in a backup, without a size [A2]", async () => {
    const disks = {
      media: { mount: "/media", bind: "/mnt/media", protectedBy: "snapshots of the NAS", readOnly: true },
    };
    const { child } = await declare({ disks });
    expect(child.inputs["mountPoints"]).toEqual([
      { path: "/media", volume: "/mnt/media", backup: false, readOnly: true },
    ]);
  });

  test("gives up waiting for Proxmox after ten minutes (trap: an id that is a VM's is polled for half an hour)", async () => {
    expect((await declare()).child.inputs["timeoutCreate"]).toBe(600);
    expect((await declare({ createTimeout: "90s" })).child.inputs["timeoutCreate"]).toBe(90);
  });

  test("sets Proxmox's own protection only where the settings say so", async () => {
    expect((await declare({ protection: true })).child.inputs["protection"]).toBe(true);
  });

  test("passes on what has a setting and no default", async () => {
    const { child } = await declare({
      nameservers: ["192.0.2.53"],
      searchDomain: "example.com",
      sshKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample you@example.com"],
      pool: "prod",
      nesting: true,
    });
    expect(child.inputs).toMatchObject({
      poolId: "prod",
      features: { nesting: true },
      initialization: {
        dns: { servers: ["192.0.2.53"], domain: "example.com" },
        userAccount: { keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample you@example.com"] },
      },
    });
  });

  test("lets a transformation of Pulumi have the last word", async () => {
    const { child } = await declare({}, { transformations: [startedThird] });
    expect(child.inputs).toMatchObject({ startup: { order: 3 }, vmId: 101 });
  });

  test("tells every problem of its arguments at once, before anything is registered [A6]", async () => {
    const declaring = declare({ id: 7, root: { storage: "local", size: "512MiB" }, createTimeout: "ten minutes" });
    await expect(declaring).rejects.toThrow(pulumi.RunError);
    await expect(declaring).rejects.toThrow(
      [
        "Unable to declare container web: 3 problems",
        '  createTimeout: not a duration (found "ten minutes"; allowed: whole numbers with s, m, h, d or w, largest first, such as 24h or 7d 2h, at least 30s)',
        "  id: not a guest's id (found 7; allowed: a whole number from 100 to 999999999)",
        '  root.size: not the size of a volume (found "512MiB"; allowed: whole GiB such as 8GiB; above 1TiB whole TiB)',
      ].join("\n"),
    );
  });

  test("belongs to the environment of its stack, unless it says another [A14]", async () => {
    expect((await declare({ environment: undefined })).child.inputs["description"]).toBe("lifeboat: prod/web");
    expect((await declare({ environment: "blue" })).child.inputs["description"]).toBe("lifeboat: blue/web");
  });
});
