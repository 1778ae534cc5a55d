/**
 * The answers that are used, as the API of Proxmox VE 8 and 9 gives them. Proxmox is careless about types (VM memory is a
 * string, container memory a number, a job's retention an object of strings): every number is read from both, every text
 * too. Members that nobody reads are not listed and are dropped.
 */
export * from "./access";
export * from "./backups";
export * from "./guests";
export * from "./nodes";
export * from "./storages";
export * from "./tasks";
export { flagAnswer, numberAnswer } from "./values";
