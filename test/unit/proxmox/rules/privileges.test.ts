import { lookingGrants, neededPrivileges, roleGrants } from "../../../../proxmox/rules/privileges";

const containers = { vmids: [101], storages: ["local"], backupStorages: ["backup"], declaresStorage: true, pools: [] };

function neededAt(path: string, scope: Parameters<typeof neededPrivileges>[0]): string[] {
  return neededPrivileges(scope)
    .filter((needed) => needed.path === path)
    .map(({ privilege }) => privilege);
}

function roleOf(name: string, pools: readonly string[] = []): readonly string[] {
  return roleGrants({ ...containers, pools }).find(({ role }) => role === name)?.privileges ?? [];
}

describe("the operator's roles", () => {
  test("let virtual machines be made: without VM.Config.HWType Proxmox refuses the provider's serial port", () => {
    expect(roleOf("LifeboatGuests")).toEqual(expect.arrayContaining(["VM.Config.HWType", "VM.Config.Cloudinit"]));
  });

  test("never hold Sys.Console, and Sys.Modify only on / itself", () => {
    const grants = roleGrants({ ...containers, pools: ["shop"] });
    expect(grants.flatMap(({ privileges }) => privileges)).not.toContain("Sys.Console");
    expect(grants.filter(({ privileges }) => privileges.includes("Sys.Modify"))).toMatchObject([
      { path: "/", propagate: false },
    ]);
  });

  test("let a guest agent run commands only where a check says so, and add nothing for any other guest", () => {
    const all = roleGrants({ ...containers, commanded: [111] });
    const holding = all.filter(({ privileges }) => privileges.includes("VM.GuestAgent.Unrestricted"));
    expect(holding).toMatchObject([{ role: "LifeboatCommands", path: "/vms/111" }]);
    expect(holding[0]?.privileges).toEqual(expect.arrayContaining([...roleOf("LifeboatGuests")]));
    expect(roleOf("LifeboatCommands")).toEqual([]);
  });

  test("hold nothing that nothing needs: disks are listed to who has Audit, a pool is not changed", () => {
    expect(roleOf("LifeboatStorages")).toEqual(["Datastore.Audit", "Datastore.AllocateSpace"]);
    expect(roleOf("LifeboatBackups")).toEqual(["Datastore.Audit", "Datastore.AllocateSpace", "Datastore.Allocate"]);
    expect(roleOf("LifeboatPools", ["shop"])).toEqual(["Pool.Audit"]);
  });
});

test("who can only look sees storages by Datastore.Audit, as it may not use their space", () => {
  expect(lookingGrants()).toEqual([
    {
      role: "LifeboatPreview",
      privileges: ["Datastore.Audit", "Pool.Audit", "Sys.Audit", "VM.Audit"],
      path: "/",
      propagate: true,
    },
  ]);
});

describe("what a site needs", () => {
  test("hardware and cloud-init are asked for at the machines that the program makes, and nowhere else", () => {
    const scope = { ...containers, vmids: [101, 110, 111], machines: [110, 111], seeded: [111] };
    const kinds = ["VM.Config.HWType", "VM.Config.Cloudinit"];
    const asked = (path: string): string[] => neededAt(path, scope).filter((privilege) => kinds.includes(privilege));
    expect(["/vms/101", "/vms/110", "/vms/111"].map(asked)).toEqual([[], ["VM.Config.HWType"], kinds]);
  });

  test("a guest that is only adopted needs no cores and no memory set", () => {
    const adopted = neededAt("/vms/140", { ...containers, vmids: [101, 140], adopted: [140] });
    expect(adopted).toContain("VM.Config.Network");
    expect(adopted).not.toContain("VM.Config.CPU");
    expect(adopted).not.toContain("VM.Config.Memory");
    expect(neededAt("/vms/101", containers)).toEqual(expect.arrayContaining(["VM.Config.CPU", "VM.Config.Memory"]));
  });
});
