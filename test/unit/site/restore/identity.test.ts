import {
  type GuestIdentity,
  identityOf,
  type MeantGuest,
  tellArchive,
  whoseArchive,
  whosePresent,
} from "../../../../site/restore/identity";

const meant: MeantGuest = {
  mark: { environment: "prod", guest: "web" },
  isOwned: true,
  name: "web.example.org",
  keys: ["web", "db"],
};
const adopted: MeantGuest = { ...meant, isOwned: false, name: undefined };

function guest(name: string, mark?: string, mac = "BC:24:11:00:00:01"): GuestIdentity {
  const keys = { hostname: name, net0: `name=eth0,hwaddr=${mac},type=veth` };
  return identityOf("lxc", keys, mark === undefined ? undefined : `Notes.\n\nlifeboat: ${mark}`);
}

it("the mark outranks the name, and names of hosts are the same in capital and small letters [D15, D2]", () => {
  const own = { kind: "own" };
  expect(whoseArchive(guest("WEB.example.org", "prod/web"), meant, undefined)).toEqual(own);
  expect(whoseArchive(guest("www", "prod/web"), meant, undefined)).toEqual({ kind: "renamed", from: "www" });
  const lab = { kind: "another", whose: "lab/web", isMarked: true };
  expect(whoseArchive(guest("web.example.org", "lab/web"), meant, undefined)).toEqual(lab);
  const db = { kind: "another", whose: "prod/db", isMarked: true };
  expect(whoseArchive(guest("web.example.org", "prod/db"), meant, guest("x", "prod/db"))).toEqual(db);
});

it("without a mark where one is expected nobody is sure; another name is another guest [D15]", () => {
  expect(whoseArchive(guest("web.example.org"), meant, undefined).kind).toBe("unsure");
  const named = { kind: "another", whose: "web", isMarked: false };
  expect(whoseArchive(guest("web"), meant, undefined)).toEqual(named);
  expect(whoseArchive(guest("web"), meant, guest("web.example.org", "prod/web", "BC:24:11:00:00:02"))).toEqual(named);
  expect(whoseArchive(identityOf("lxc", {}), meant, undefined)).toMatchObject({ kind: "another", whose: "" });
  expect(whoseArchive(guest("old"), meant, guest("web.example.org", "prod/web")).kind).toBe("unsure");
});

it("a key that the settings have changed is recognised where the present guest bears the archive's mark [D15]", () => {
  const before = guest("web.example.org", "prod/www");
  expect(whoseArchive(before, meant, before)).toEqual({ kind: "renamed", from: "prod/www" });
  expect(whoseArchive(before, meant, undefined).kind).toBe("unsure");
  expect(whosePresent(before, meant)).toEqual({ kind: "renamed", from: "prod/www" });
});

it("an adopted guest is known by its name, and after a rename by its network card [D15]", () => {
  const now = guest("new");
  expect(whoseArchive(guest("new"), adopted, now)).toEqual({ kind: "own" });
  expect(whoseArchive(guest("old"), adopted, now)).toEqual({ kind: "renamed", from: "old" });
  expect(whoseArchive(guest("old", undefined, "BC:24:11:00:00:09"), adopted, now).kind).toBe("another");
  expect(whoseArchive(guest("new", "lab/web"), adopted, now)).toMatchObject({ kind: "another", whose: "lab/web" });
});

it("a guest made by hand, or of another environment, is not the one that is meant [D15]", () => {
  expect(whosePresent(guest("web.example.org", "prod/web"), meant)).toEqual({ kind: "own" });
  const byHand = { kind: "another", whose: "web.example.org", isMarked: false };
  expect(whosePresent(guest("web.example.org"), meant)).toEqual(byHand);
  expect(whosePresent(guest("web.example.org", "lab/web"), meant)).toMatchObject({ kind: "another", whose: "lab/web" });
  expect(whosePresent(guest("web.example.org", "prod/db"), meant)).toMatchObject({ kind: "another", whose: "prod/db" });
  expect(whosePresent(guest("anything"), adopted)).toEqual({ kind: "own" });
  expect(whosePresent(guest("anything", "lab/web"), adopted)).toMatchObject({ kind: "another", whose: "lab/web" });
});

it("an adopted guest that is gone is known by the name that the settings say its archives carry, one without a name by its key [D2, D15]", () => {
  const long: MeantGuest = { ...adopted, archivedAs: "web.example.org" };
  expect(whoseArchive(guest("Web.example.org"), long, undefined)).toEqual({ kind: "own" });
  expect(whoseArchive(guest("web"), long, undefined)).toMatchObject({ kind: "another", whose: "web" });
  expect(whoseArchive(guest("web.example.org"), long, guest("new", undefined, "BC:24:11:00:00:09")).kind).toBe(
    "another",
  );

  const bare = identityOf("qemu", {});
  const nameless: MeantGuest = { ...adopted, mark: { environment: "prod", guest: "guest-200" }, isNameless: true };
  expect(whoseArchive(bare, nameless, undefined)).toEqual({ kind: "own" });
  expect(whoseArchive(bare, nameless, bare)).toEqual({ kind: "own" });
  const wires = ["BC:24:11:00:00:01", "BC:24:11:00:00:02"].map((mac) =>
    identityOf("qemu", { net0: `virtio=${mac},bridge=vmbr0` }),
  );
  expect(wires.map((one) => whoseArchive(one, nameless, wires[0]).kind)).toEqual(["own", "unsure"]);
  expect(whoseArchive(bare, adopted, undefined)).toEqual({ kind: "unsure", why: "it has no name" });
  const another = whoseArchive(bare, adopted, guest("new"));
  expect(another.kind === "another" && tellArchive("backup:a", another, "prod/web")).toBe(
    "backup:a is not of prod/web: it holds a guest without a name",
  );
});
