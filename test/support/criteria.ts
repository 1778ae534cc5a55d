/**
 * What the five documents that Lifeboat grew from want to see: their success and acceptance criteria, in our words. A test
 * shows one by its id at the end of its title, beside the requirements: `… [D1, 004 US1.1]`.
 */
export interface Criterion {
  /** Number of the document, and the criterion's own name in it. */
  readonly id: string;
  readonly wants: string;
  /** The promised time that it is about: what measures that shows it. */
  readonly time?: string;
  /** Why no test shows it, where none can or none should. */
  readonly unshown?: string;
}

export const documents: Readonly<Record<string, string>> = {
  "000": "backup and disaster recovery of an infrastructure",
  "001": "automatic backups of databases",
  "002": "backup strategy for Proxmox",
  "003": "backup and disaster recovery for a cluster of services",
  "004": "automatic restores",
};

export const criteria: readonly Criterion[] = [
  { id: "000 CA11.1", wants: "What is backed up is declared by variables, and installed by the program." },
  { id: "000 CA11.2", wants: "A daily run backs up guests, states, all databases and vault files." },
  {
    id: "000 CA11.3",
    wants: "Backups lie in dated folders by type, rotate after seven days, and go to a bucket elsewhere for thirty.",
  },
  { id: "000 CA11.4", wants: "One command restores guests and data, interactively or not." },
  { id: "000 CA11.5", wants: "A runbook has scenarios, steps, RTO, RPO, contacts and a checklist." },
  { id: "000 CA11.6", wants: "A whole restore was tested, with date, scenario, duration and problems." },
  { id: "000 VI1", wants: "Snapshots do not interrupt a guest." },
  { id: "000 VI2", wants: "The daily run takes less than ten minutes.", time: "L7" },
  { id: "000 VI3", wants: "A single guest was rolled back, and all its services are healthy." },
  { id: "001 AC1", wants: "Databases are dumped again and again by themselves, and a recent dump can be read." },
  { id: "001 AC2", wants: "Each run writes a log that says whether it succeeded." },
  { id: "001 AC3", wants: "No command ever deletes a volume or container of somebody else." },
  {
    id: "001 AC4",
    wants: "A page documents schedule, retention, places and how to try a dump by hand.",
    unshown: "it is a page: docs/guides/databases.md",
  },
  {
    id: "001 AC5",
    wants: "Another story names this one as what it needs.",
    unshown: "it is about the stories of another project; here a restore makes its save point first (I6)",
  },
  { id: "002 P1", wants: "The state store's container is made, and its health answers." },
  { id: "002 P2", wants: "States move from this machine into the store, and every environment works with them there." },
  { id: "002 P3", wants: "Each environment's job is there as it was declared, and runs at its time." },
  { id: "002 P4", wants: "After one run more than is kept the oldest backup is gone, and the job says so." },
  { id: "002 P5", wants: "Alerts on failed and missing backups and on a full storage, and a dashboard." },
  { id: "002 P6", wants: "The documented procedure is followed from end to end, and the restore succeeds." },
  { id: "002 P7", wants: "The whole was tried: code checked, and a workload restored by the page." },
  { id: "003 AC1", wants: "Backups are made by themselves, daily." },
  { id: "003 AC2", wants: "What is restored is right." },
  { id: "003 AC3", wants: "The plan for a disaster was tried: RTO below four hours, RPO below one." },
  { id: "003 AC4", wants: "PostgreSQL goes back to a point in time." },
  { id: "003 DOD1", wants: "PostgreSQL is backed up daily." },
  { id: "003 DOD2", wants: "Buckets are backed up daily." },
  { id: "003 DOD3", wants: "Recovery to a given point in time was tried." },
  { id: "003 DOD4", wants: "The plan for a disaster is written, with procedures." },
  { id: "003 DOD5", wants: "A failover was simulated." },
  { id: "003 DOD6", wants: "A guide for backup and restore." },
  { id: "003 DOD7", wants: "A runbook with the steps of each restore." },
  { id: "004 US1.1", wants: "A broken guest is restored from its newest backup, started and proven by ping and SSH." },
  { id: "004 US1.2", wants: "Without a date the newest backup is taken." },
  { id: "004 US1.3", wants: "With a date the backup of that date is taken." },
  { id: "004 US1.4", wants: "Without any backup there is a clear error, and nothing changes." },
  { id: "004 US1.5", wants: "Overwriting a guest is confirmed first." },
  { id: "004 US1.6", wants: "A container is restored by the same command; which it is is found out." },
  { id: "004 US1.7", wants: "With another id the backup is restored beside, and the original is not touched." },
  { id: "004 US2.1", wants: "Versions of a state are listed with date and size." },
  { id: "004 US2.2", wants: "A chosen version becomes the present one after consent, and a preview follows." },
  { id: "004 US2.3", wants: "With the store down a stack falls back to a local state." },
  { id: "004 US2.4", wants: "With the store back the state returns to it." },
  { id: "004 US3.1", wants: "A lost store is made again with the same address, ports and buckets." },
  { id: "004 US3.2", wants: "States from this machine are sent into the new buckets." },
  { id: "004 US3.3", wants: "Each environment works with the rebuilt store without an error." },
  { id: "004 US4.1", wants: "Lost monitoring comes back from its newest backup, and its services are checked." },
  {
    id: "004 US4.2",
    wants: "Afterwards Prometheus scrapes its targets, Grafana shows dashboards, Alertmanager is connected.",
  },
  { id: "004 US4.3", wants: "Without a backup it is made anew, and it is said that its history is lost." },
  { id: "004 US5.1", wants: "Every archive of a node is verified, with a report." },
  { id: "004 US5.2", wants: "Every version of a state is verified." },
  { id: "004 US5.3", wants: "What is damaged or missing is named with its guest." },
  { id: "004 US6.1", wants: "On a fresh node the order of the recovery is clear." },
  { id: "004 US6.2", wants: "Each step says what it needs, its command, and what to check." },
  { id: "004 US6.3", wants: "A last check proves connections, monitoring and active backups." },
  { id: "004 EF-001", wants: "What a restore needs is checked before it acts." },
  { id: "004 EF-002", wants: "A summary and a question come first, unless forced." },
  { id: "004 EF-003", wants: "A report says what was restored, how long it took, and what was checked." },
  { id: "004 EF-004", wants: "Everything runs from the operator's machine." },
  { id: "004 EF-005", wants: "Commands read the settings that are there." },
  { id: "004 EF-006", wants: "Whatever overwrites makes a save point first." },
  { id: "004 EF-007", wants: "A dry run shows everything and does nothing." },
  { id: "004 CL1", wants: "A node that cannot be reached is a clear error with what to check." },
  { id: "004 CL2", wants: "Too little space is seen before the restore." },
  { id: "004 CL3", wants: "A running target is stopped with consent, or another id is offered." },
  { id: "004 CL4", wants: "A damaged backup is found, and an older one suggested." },
  { id: "004 CL5", wants: "A state that is lost everywhere is said so, with the way to import what exists." },
  { id: "004 CS-001", wants: "A guest is restored in less than five minutes.", time: "L1" },
  { id: "004 CS-002", wants: "A state is restored in less than two minutes.", time: "L2" },
  { id: "004 CS-003", wants: "The state store is rebuilt in less than ten minutes.", time: "L3" },
  { id: "004 CS-004", wants: "Monitoring is rebuilt in less than a quarter of an hour.", time: "L4" },
  { id: "004 CS-005", wants: "All archives of a node are verified in less than five minutes.", time: "L5" },
  { id: "004 CS-006", wants: "Exit codes: 0 is success, and nothing else is." },
  { id: "004 CS-007", wants: "The whole site comes back from a bare node in less than an hour.", time: "L6" },
];
