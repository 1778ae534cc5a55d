import { fingerprintOf, keyToPin } from "../../../site/host-keys";

test("a fingerprint is the one that ssh-keygen prints [N3]", () => {
  const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBIUW7P+4XQNrHBb7mbMLW+lN9QC96+0e46Vk6Oq2D+g";
  expect(fingerprintOf(key)).toBe("SHA256:if6ZnVe1wdI0+Rs6ESALNrsifD40nzsPbX++yjzR9ss");
});

test("a key that the provider cannot pin is never chosen [N3]", () => {
  const [rsa, ecdsa, ed25519] = ["ssh-rsa AAAA", "ecdsa-sha2-nistp256 AAAA", "ssh-ed25519 AAAA"];
  expect([keyToPin([rsa, ecdsa, ed25519]), keyToPin([rsa, ecdsa]), keyToPin([rsa])]).toEqual([
    ed25519,
    ecdsa,
    undefined,
  ]);
});
