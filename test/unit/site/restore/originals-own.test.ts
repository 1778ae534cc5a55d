import { nodeDevices, originalsOwn } from "../../../../site/restore/originals-own";

const machine = {
  name: "db",
  scsi0: "local:101/vm-101-disk-0.raw,size=8G",
  net0: "virtio=BC:24:11:00:00:01,bridge=vmbr0",
  hostpci0: "0000:01:00.0,pcie=1",
  hostpci1: "mapping=gpu",
  usb0: "host=0bda:8153",
  usb1: "mapping=key",
  usb2: "spice,usb3=1",
  usb3: "host=spice",
  serial0: "socket",
  serial1: "/dev/ttyS0",
  parallel0: "/dev/parport0",
  virtiofs0: "dirid=share",
  args: "-monitor stdio",
  hookscript: "local:snippets/hook.pl",
};

test("a copy of a machine must not have what is the node's, and keeps ports that QEMU makes out of nothing [D10, D16]", () => {
  expect(originalsOwn(machine)).toEqual([
    "args",
    "hookscript",
    "hostpci0",
    "hostpci1",
    "parallel0",
    "serial1",
    "usb0",
    "usb1",
    "virtiofs0",
  ]);
});

test("of a container devices and the script are the original's [D16]", () => {
  expect(originalsOwn({ rootfs: "local:8", dev0: "/dev/dri/card0", hookscript: "local:snippets/a" })).toEqual([
    "dev0",
    "hookscript",
  ]);
});

test("devices without a mapping are those that only root@pam may restore [D8]", () => {
  expect(nodeDevices(machine)).toEqual(["hostpci0", "usb0"]);
});
