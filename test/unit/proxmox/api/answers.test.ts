import { includedVolumesAnswer } from "../../../../proxmox/api/answers";

test("a guest without a name is in a job like any other: Proxmox says null [D14]", () => {
  const guest = { id: 101, type: "lxc", name: null, children: [{ id: "101:rootfs", name: "local:101", included: 1 }] };
  expect(includedVolumesAnswer.parse({ children: [guest] }).children).toMatchObject([{ id: 101, name: null }]);
});
