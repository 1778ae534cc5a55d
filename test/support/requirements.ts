/** What Lifeboat promises, by the ids that tests name in their titles. An id stays with its line for ever. */
export interface Requirement {
  readonly id: string;
  readonly promise: string;
}

/**
 * Declaring a site (A), its state store (B), watching it (C), restoring guests (D) and states (E), rebuilding (F) and verifying (G),
 * data in guests (I) and their copies elsewhere (J), every command that changes something (K), how long it may take (L), working with it (M), and
 * what an attacker gets (N).
 */
export const requirements: readonly Requirement[] = [
  {
    id: "A1",
    promise:
      "One Pulumi stack per environment (prod, lab, monitoring): `up` creates, a second `up` changes nothing, `destroy` removes.",
  },
  {
    id: "A2",
    promise:
      "Containers and virtual machines whose disks are backed up unless they opt out with reason, owner and last day; a bind mount names what protects it; a root disk has no flag.",
  },
  {
    id: "A3",
    promise:
      "One backup job per environment over all its guests: storage, schedule, mode, compression, mail, on or off; `status` shows the next run.",
  },
  { id: "A4", promise: "Each profile has a schedule and a retention of its own; every kind of retention can be set." },
  { id: "A5", promise: "A backup storage (directory, NFS, PBS) is declared, or adopted where it exists." },
  {
    id: "A6",
    promise:
      "One schema for program and command line; all mistakes at once with their paths, before anything is touched; policies stop the program only, never a restore.",
  },
  {
    id: "A7",
    promise:
      "A guest or disk without a backup, or with an opt-out that has expired, fails the preview by name; a policy can be suspended with reason and last day.",
  },
  {
    id: "A8",
    promise:
      "Objectives (`rpo`, `rto`): a schedule that cannot meet the RPO fails the preview with its arithmetic; reports compare measured times with the RTO.",
  },
  {
    id: "A9",
    promise: "An id that has archives is not made as an empty guest unless the settings say so; the restore is named.",
  },
  {
    id: "A10",
    promise:
      "Guests made by hand can be adopted: backed up and restorable, never owned; `lifeboat adopt` writes their settings.",
  },
  {
    id: "A11",
    promise:
      "No change of settings replaces a guest with data; disks grow and are added in a way that keeps them; reboots are named first and need consent.",
  },
  { id: "A12", promise: "Hazards of the setup are told, and can be acknowledged in the settings." },
  { id: "A13", promise: "A profile sets the defaults; names and number of environments are free." },
  {
    id: "A14",
    promise: "An id that is taken is refused; nothing that is not marked as Lifeboat's own is ever deleted.",
  },
  {
    id: "A15",
    promise: "What cannot be asked is not free: it stops an update, unless it is accepted by name; a preview warns.",
  },
  {
    id: "B1",
    promise:
      "A container with the state store: only named networks reach its ports, a service of the system runs it, and its health is proven.",
  },
  {
    id: "B2",
    promise:
      "One versioned bucket per environment, with an identity that reaches no other and can neither delete versions nor change rules; old versions expire.",
  },
  {
    id: "B3",
    promise: "One command takes all stacks into the store, the store's own first; it can be repeated and interrupted.",
  },
  { id: "B4", promise: "The server is a file with a checksum, from an address or from disk; it is upgraded in place." },
  {
    id: "B5",
    promise: "TLS from an authority of the site's own, which outlives the store; clients get its certificate.",
  },
  { id: "B6", promise: "An S3 service that is there already takes the container's place." },
  {
    id: "C1",
    promise:
      "A guest with Prometheus, Alertmanager and Grafana as Docker services is declared with the rest, and complete after one `pulumi up`.",
  },
  {
    id: "C2",
    promise:
      "An exporter reads what is on the storages: newest good backup of each guest, size, age, number, results of jobs, what is not covered, proofs; a lost permission is told apart from a missing backup.",
  },
  {
    id: "C3",
    promise:
      "Rules tell that a backup failed, is missing, shrank or was not proven, that a storage fills, and that the exporter is silent; each links to what to do, and is tried firing and silent.",
  },
  { id: "C4", promise: "Dashboards show backups, guests and states; each query returns data from a live Prometheus." },
  { id: "C5", promise: "`backupAlerting: false` leaves the rules out." },
  {
    id: "D1",
    promise: "One command restores the newest archive, starts the guest and proves it with its declared checks.",
  },
  {
    id: "D2",
    promise:
      "Newest is the newest real backup over all storages, of a guest with the same name; a time or an archive can be named; the plan warns of one that shrank.",
  },
  {
    id: "D3",
    promise: "No archive is a clear error that changes nothing; missing permission is not taken for a missing archive.",
  },
  { id: "D4", promise: "Whether a guest is a virtual machine or a container is found out." },
  {
    id: "D5",
    promise: "In place after plan and confirmation; beside the original with another id, on another node or storage.",
  },
  {
    id: "D6",
    promise:
      "The chosen archive is protected, and a save point is made that prunes nothing and can be gone back to from any machine; without one the restore stops.",
  },
  { id: "D7", promise: "What an in-place restore would destroy is listed and needs its own consent." },
  {
    id: "D8",
    promise: "A running guest: asks to stop it or offers another id; locked or protected: refused with why.",
  },
  {
    id: "D9",
    promise: "Space is checked first; a corrupt archive is seen before anything is touched, and an older one named.",
  },
  { id: "D10", promise: "A copy collides with its original in neither MAC, address nor start at boot." },
  {
    id: "D11",
    promise: "After a restore in place the preview is clean, or the difference and the way to reconcile it are told.",
  },
  { id: "D12", promise: "Snapshots of guests: list, take, roll back." },
  { id: "D13", promise: "Snapshots on a schedule with rotation, without interrupting the guest." },
  {
    id: "D14",
    promise:
      "Every volume returns to its storage and size; membership in job, pool and high availability is checked and mended by a named command.",
  },
  {
    id: "D15",
    promise:
      "The mark says whose an archive or a guest is, before its name: another's is refused, a rename recognised.",
  },
  {
    id: "D16",
    promise:
      "What a restore in place replaces is in the save point or a named loss; a copy writes into no folder of its original.",
  },
  {
    id: "D17",
    promise:
      "An archive later than the node's clock, with a failed verification or without a size is doubtful: named, never fresh, never chosen by itself.",
  },
  {
    id: "E1",
    promise:
      "Points to which a state can be restored are listed with date, size, what the update was and its result, from every source; half-written ones are marked.",
  },
  {
    id: "E2",
    promise: "A chosen point becomes the state after consent, and a preview shows what differs from the world.",
  },
  {
    id: "E3",
    promise:
      "A state that is locked is refused with who and since when; the passphrase is proven first; the present state is kept.",
  },
  { id: "E4", promise: "Without the store a stack goes on with a local state, and returns with nothing lost." },
  { id: "E5", promise: "A state lost everywhere: an import file for what exists." },
  {
    id: "E6",
    promise: "States and their histories are copied elsewhere, by hand and on a timer; the age of each copy is shown.",
  },
  {
    id: "F1",
    promise: "The state store is rebuilt with the same address, buckets and identities, and the states pushed into it.",
  },
  {
    id: "F2",
    promise:
      "`rebuild monitoring` brings monitoring back from its newest archive, or anew by `pulumi up`, and says when history is gone.",
  },
  { id: "G1", promise: "Every version of every state is read and checked; what is bad is named." },
  {
    id: "G2",
    promise:
      "A drill restores the newest archive of each guest to a spare id on an isolated bridge, checks the copy and destroys it; the age of each proof is known.",
  },
  {
    id: "H1",
    promise:
      "`lifeboat recover` brings a site back from whatever is left of it: storages, guests, the state store and its states, jobs, and a check of everything; run again after an interruption, it looks again and does what is left.",
  },
  {
    id: "H2",
    promise:
      "`lifeboat check` proves connections, every guest by its checks, monitoring, active backups, states and copies; what could not be looked at is no good answer.",
  },
  { id: "H4", promise: "The recovery of a whole site is rehearsed with real containers, and its times are measured." },
  {
    id: "H5",
    promise: "A node that is lost is replaced, or its guests come back on another one of its cluster.",
  },
  {
    id: "H6",
    promise:
      "`lifeboat inventory` says what is backed up where, how often, how old and how proven, from the settings and from what is really there.",
  },
  {
    id: "H7",
    promise:
      "`lifeboat kit` writes a break-glass file with everything for somebody with nothing but a laptop and it, without a secret unless encrypted and asked for; `lifeboat up` keeps it up to date, `status` says when it is older than the site.",
  },
  {
    id: "I1",
    promise:
      "Declared per guest: PostgreSQL, MariaDB, folders and volumes, any command's output; also in Docker containers; over SSH or through the node. Passwords with any character work and show up nowhere.",
  },
  {
    id: "I2",
    promise:
      "They are dumped daily, at 03:00 by default, into `YYYY-MM-DD/<type>/`, with a log that says SUCCESS or ERROR of each run.",
  },
  {
    id: "I3",
    promise: "Retention in tiers (7 daily, 4 weekly, 12 monthly by default); the newest good dump always stays.",
  },
  {
    id: "I4",
    promise:
      "Every dump is proven when it is made: it restores, and what is in it is counted; one that is unexpectedly small is an error.",
  },
  { id: "I5", promise: "Dumps can be encrypted; what opens them is never on the guest." },
  {
    id: "I6",
    promise:
      "`lifeboat restore database` and `restore files` bring a dump back, interactively or not, with a save point first.",
  },
  {
    id: "I7",
    promise: "PostgreSQL is recovered to a point in time from WAL in an object store, with an RPO below an hour.",
  },
  {
    id: "I8",
    promise:
      "Configuration and secrets: the nodes' own configuration, vault files, sealed files, manifests and snapshots are dumped as a command's output.",
  },
  { id: "I9", promise: "No volume, database or container is ever removed that Lifeboat has not made." },
  { id: "J1", promise: "A bucket elsewhere is declared: versioned, encrypted, locked against deletion, for 30 days." },
  {
    id: "J2",
    promise:
      "Dumps, states with their history and chosen archives are copied there after each backup; declared without keys is an error.",
  },
  { id: "J3", promise: "The offsite copy alone is enough to recover." },
  { id: "J4", promise: "Buckets named as critical are mirrored daily with their versions, and can be restored." },
  {
    id: "K1",
    promise:
      "Every command that changes something checks first, shows a summary, asks, makes a save point, reports; a dry run sends no changing request.",
  },
  { id: "K2", promise: "Exit codes are documented: 0 is success and nothing else is." },
  { id: "K3", promise: "A node that cannot be reached is a clear error with its address and what to check." },
  { id: "K4", promise: "Killed at any moment nothing is lost; the next run says what happened and goes on or undoes." },
  {
    id: "K5",
    promise:
      "Every operation can be given up explicitly, which says what it leaves behind; one that is half done is named with the right way on by every other command on the same guest or stack.",
  },
  { id: "K6", promise: "An error is not absence: what cannot be known or is not allowed is refused, and said." },
  { id: "L1", promise: "Restoring a guest takes less than five minutes, without copying its archive." },
  { id: "L2", promise: "Restoring a state takes less than two minutes." },
  { id: "L3", promise: "Rebuilding the state store takes less than ten minutes." },
  { id: "L4", promise: "Rebuilding monitoring takes less than a quarter of an hour." },
  { id: "L5", promise: "Verifying all archives of a node takes less than five minutes." },
  { id: "L6", promise: "A whole site is back from bare nodes within an hour." },
  { id: "L7", promise: "The daily backup of data takes less than ten minutes." },
  { id: "L8", promise: "One guest or database takes less than half an hour from the alarm to the proof." },
  { id: "L9", promise: "The worst that can happen, everything is lost, takes less than four hours." },
  {
    id: "L10",
    promise:
      "From a clone to the first proven restore of a guest that somebody made by hand takes less than a quarter of an hour.",
  },
  { id: "M1", promise: "Pull requests get a preview of each environment." },
  {
    id: "M2",
    promise:
      "A restore can be declared in the settings, and is a Pulumi resource: `up` runs the same command line once for each request's id.",
  },
  { id: "M4", promise: "The checks of every commit audit dependencies and lint the workflow." },
  {
    id: "N1",
    promise:
      "A stolen S3 key of an environment cannot remove or forge its history where the server can prevent it; where it cannot, the offsite copy can restore it.",
  },
  {
    id: "N2",
    promise:
      "A state is data: nothing in it makes Lifeboat's Pulumi download, run or delete what the program never made.",
  },
  { id: "N3", promise: "SSH host keys of guests and nodes are pinned; another key is refused." },
  { id: "N4", promise: "TLS is verified by every client whatever the environment says." },
  {
    id: "N5",
    promise: "Each environment can have its own passphrase, token and keys; a secret of one opens no other.",
  },
  {
    id: "N6",
    promise: "Children get the variables they need and no more; files that others could plant or read are refused.",
  },
  { id: "N7", promise: "Everything that is downloaded is pinned by a checksum in the repository." },
];
