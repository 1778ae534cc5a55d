import { mkdir, writeFile } from "node:fs/promises";
import { TestSite } from "./support";

/** Boards, processors, displays and states of firmware and TPM, as Proxmox takes them (PVE::QemuServer::Machine, CPUConfig, PVE::API2::Qemu). */
let site: TestSite;

beforeEach(async () => {
  site = await TestSite.open();
});

afterEach(() => site.close());

const GUEST = "/nodes/pve/qemu/120";

const make = (parameters: Record<string, string>) => site.task("POST", "/nodes/pve/qemu", { vmid: 120, ...parameters });
const refuse = (parameters: Record<string, string>) =>
  site.refusal("POST", "/nodes/pve/qemu", { vmid: 120, ...parameters });
const change = (parameters: Record<string, string>) => site.call("PUT", `${GUEST}/config`, parameters);
const refuseChange = async (parameters: Record<string, string>) =>
  (await site.refusal("PUT", `${GUEST}/config`, parameters)).message;

async function config(): Promise<Record<string, unknown>> {
  return { ...((await site.call("GET", `${GUEST}/config`)) as object) };
}

test.each(["pc-q35-9.2+pve0", "pc-q35-9.2+pve1", "pc-i440fx-8.1", "pc-q35-10.1.pxe", "q35", "virt-9.2+pve1"])(
  "a board in a version is taken as it is: %s",
  async (machine) => {
    expect((await make({ machine })).status).toBe("OK");
    expect(await config()).toMatchObject({ machine });
  },
);

test("a board that there is not is refused, and a vIOMMU that it does not have", async () => {
  for (const machine of ["pc-q35", "q36", "pc-q35-9", "pc-q35-9.2+pve"]) {
    expect(await refuse({ machine })).toMatchObject({
      status: 400,
      errors: { machine: expect.stringContaining("does not match the regex pattern") },
    });
  }
  const intel = "to use Intel vIOMMU please set the machine type to q35";
  expect((await make({ machine: "pc,viommu=intel" })).status).toBe(`unable to create VM 120 - ${intel}`);
  expect((await make({ machine: "viommu=intel,type=q35" })).status).toBe("OK");
  expect(await config()).toMatchObject({ machine: "q35,viommu=intel" });
  expect(await refuseChange({ machine: "pc,viommu=intel" })).toBe(intel);
  expect(await refuseChange({ machine: "q35,viommu=intel,aw-bits=40" })).toBe(
    "Intel vIOMMU supports only 39 or 48 bits as address width",
  );
  expect(await refuseChange({ machine: "q35,aw-bits=48" })).toBe("cannot set aw-bits if no vIOMMU is configured");
});

test("Windows keeps the board of the day on which it came, unless the request names one", async () => {
  const made = await make({ ostype: "win11", machine: "q35" });
  expect(made.log).toContain("pinning machine type to 'pc-q35-10.1' for Windows guest OS");
  expect(await config()).toMatchObject({ machine: "pc-q35-10.1" });
  await change({ ostype: "l26", delete: "machine" });
  await change({ ostype: "win10" });
  expect(await config()).toMatchObject({ ostype: "win10", machine: "pc-i440fx-10.1" });
  await change({ ostype: "win11", machine: "pc" });
  expect(await config()).toMatchObject({ machine: "pc" });
});

test.each([
  "host",
  "max",
  "x86-64-v2-AES",
  "EPYC-Rome-v3",
  "Skylake-Server-noTSX-IBRS",
  "kvm64,flags=+aes;-pcid,hidden=1",
  "host,phys-bits=host",
])("a model of processor that QEMU knows is taken: %s", async (cpu) => {
  expect((await make({ cpu })).status).toBe("OK");
  expect(await config()).toMatchObject({ cpu });
});

test.each([
  ["nonsense", "invalid format - Built-in cputype 'nonsense' is not defined (missing 'custom-' prefix?)\n"],
  ["custom-mine", "invalid format - Custom cputype 'mine' not found\n"],
  ["hidden=1", "invalid format - CPU is missing cputype\n"],
  [
    "host,flags=+avx512f",
    "invalid format - VM-specific CPU flags must be a subset of: aes, amd-no-ssb, amd-ssbd, hv-evmcs, hv-tlbflush, ibpb, md-clear, nested-virt, pcid, pdpe1gb, spec-ctrl, ssbd, virt-ssbd\n",
  ],
  ["host,reported-model=kvm64", "invalid format - Property 'reported-model' not allowed in VM-specific CPU config.\n"],
])("a model of processor that there is not is refused: %s", async (cpu, text) => {
  expect(await refuse({ cpu })).toMatchObject({ status: 400, errors: { cpu: text } });
});

test("a display without a clipboard of its own shares none by VNC", async () => {
  const text = "vga type serial0 is not compatible with VNC clipboard";
  expect((await make({ vga: "serial0,clipboard=vnc" })).status).toBe(`unable to create VM 120 - ${text}`);
  expect((await make({ vga: "std,clipboard=vnc" })).status).toBe("OK");
  expect(await refuseChange({ vga: "type=serial0,clipboard=vnc" })).toBe(text);
});

test("a TPM keeps the version in which its state was made; an imported state says its own", async () => {
  const missing = await refuse({ tpmstate0: "local:0,import-from=local:import/state.raw" });
  expect(missing.errors).toEqual({ tpmstate0: "need to specify 'version' when using 'import-from'" });
  const firmware = await refuse({ efidisk0: "local:0,import-from=local:import/vars.raw,efitype=4m" });
  expect(firmware.errors).toEqual({ efidisk0: "need to specify 'pre-enrolled-keys' when using 'import-from'" });
  expect((await make({ tpmstate0: "local:1,version=v2.0" })).status).toBe("OK");
  const volume = String((await config())["tpmstate0"]).split(",")[0] ?? "";
  expect(await refuseChange({ tpmstate0: `${volume},version=v1.2` })).toBe(
    "cannot change TPM state version after creation",
  );
  expect(await refuseChange({ tpmstate0: volume })).toBe("cannot change TPM state version after creation");
  expect(await change({ tpmstate0: `${volume},version=v2.0` })).toBeNull();
});

test("a script of a machine's own is an executable snippet", async () => {
  await make({});
  const problem = async (hookscript: string) =>
    (await site.refusal("PUT", `${GUEST}/config`, { hookscript })).errors?.["hookscript"];
  expect(await problem("local:iso/a.iso")).toBe("'local:iso/a.iso' is not in the snippets directory\n");
  expect(await problem("none:snippets/a.sh")).toBe("storage 'none' does not exist\n");
  expect(await problem("local:snippets/a.sh")).toBe("script 'local:snippets/a.sh' does not exist\n");
  await mkdir(site.node.path("/var/lib/vz/snippets"), { recursive: true });
  await writeFile(site.node.path("/var/lib/vz/snippets/a.sh"), "", { mode: 0o644 });
  expect(await problem("local:snippets/a.sh")).toBe("script 'local:snippets/a.sh' is not executable\n");
});
