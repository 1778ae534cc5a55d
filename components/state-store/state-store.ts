import { Command, CopyToRemote, type CommandArgs, type CopyToRemoteArgs } from "@pulumi/command/remote";
import { OptionsLegacy, type OptionsLegacyArgs } from "@muhlba91/pulumi-proxmoxve/firewall/optionsLegacy";
import { RulesLegacy, type RulesLegacyArgs } from "@muhlba91/pulumi-proxmoxve/firewall/rulesLegacy";
import * as pulumi from "@pulumi/pulumi";
import { refusal } from "../refusal";
import type { ContainerGuest, ContainerStateStore, KeyPair } from "../../site/settings/environment";
import { formatEndpoint } from "../../site/settings/values/endpoints";
import { issueServerCertificate, type Authority } from "../../site/state-store/authority";
import { namesOfGuest } from "../../site/state-store/location";
import { guestFirewall } from "../../site/guest-firewall";
import { childName, stateStoreComponents } from "../../site/state-store/resource-names";
import { storeRules } from "../../site/state-store/store-firewall";
import { connectionTo, type GuestLogin, incomingPath, printed } from "../install/connection";
import { installCommand, installScript, type ServerSource } from "./install-script";

/** The container of the store, as it was declared. */
export interface StoreContainer {
  /** Id in Proxmox: `Container.vmId`. */
  readonly vmId: pulumi.Input<number>;
  /** `Container.macAddress`: another one has the server installed again. */
  readonly macAddress: pulumi.Input<string>;
}

export interface StateStoreArgs {
  /** The container, as the settings describe it. Its address is static. */
  readonly guest: ContainerGuest;
  /** The container, as it was declared: its outputs. */
  readonly container: StoreContainer;
  /** Server, ports and networks, as the settings describe them. */
  readonly store: ContainerStateStore;
  /** The key that may do everything on the store. Secret. */
  readonly root: KeyPair;
  /** Who signs the server's certificate. Its key is secret. */
  readonly authority: Authority;
  /** The server's private key (PEM, PKCS#8). Secret. */
  readonly serverKey: string;
  /** How to log in to the container. */
  readonly login: GuestLogin;
  /** The program on this machine, where the settings name a file: an absolute path. */
  readonly file?: string | undefined;
  /** In which period of 90 days the certificate begins. */
  readonly now: Date;
  /** A last word on what the providers are given, for what has no setting. */
  readonly transform?: {
    readonly rules?: (inputs: RulesLegacyArgs) => RulesLegacyArgs;
    readonly firewall?: (inputs: OptionsLegacyArgs) => OptionsLegacyArgs;
    readonly binary?: (inputs: CopyToRemoteArgs) => CopyToRemoteArgs;
    readonly server?: (inputs: CommandArgs) => CommandArgs;
  };
}

/**
 * An S3 server in a container that exists: behind the guest's own firewall, with TLS, as a service of systemd, healthy.
 *
 * Another program is installed beside the old one, which runs again if the new one is not healthy. Deleting the component
 * changes nothing in the container: neither server, data nor firewall.
 *
 * @throws pulumi.RunError when the container has no fixed address, before anything is registered.
 */
export class StateStore extends pulumi.ComponentResource {
  /** `https://192.0.2.132:9000`; known once the server is healthy. */
  readonly endpoint: pulumi.Output<string>;

  constructor(name: string, args: StateStoreArgs, opts?: pulumi.ComponentResourceOptions) {
    const place = placeOf(args);
    super(stateStoreComponents.store, name, {}, opts);
    const firewall = this.declareFirewall(name, args);
    const binary = this.declareBinary(name, args, place.address, firewall);
    const server = this.declareServer(name, args, place, binary ?? firewall);
    this.endpoint = server.id.apply(() => place.endpoint);
    this.registerOutputs({ endpoint: this.endpoint });
  }

  /**
   * The rules first: with the switch alone nobody would get in. Neither is taken back: the guest stays guarded.
   *
   * A guest that was made anew under the same id has neither, and the provider's refresh takes a switch that is not set for
   * the one that it set: both are made again then.
   */
  private declareFirewall(name: string, { guest, container, store, transform = {} }: StateStoreArgs): OptionsLegacy {
    const place = { nodeName: guest.node, containerId: container.vmId };
    const opts = { parent: this, retainOnDelete: true, replacementTrigger: container.macAddress };
    const rules = { ...place, rules: storeRules(guest, store) };
    const declared = new RulesLegacy(childName(name, "rules"), transform.rules?.(rules) ?? rules, opts);
    const firewall = { ...place, ...guestFirewall };
    return new OptionsLegacy(childName(name, "firewall"), transform.firewall?.(firewall) ?? firewall, {
      ...opts,
      dependsOn: [declared],
    });
  }

  /** A program that is on this machine goes to the guest first. It is checked there. */
  private declareBinary(name: string, args: StateStoreArgs, address: string, after: pulumi.Resource): pulumi.Resource {
    const { container, file, login, store, transform = {} } = args;
    if (file === undefined) return after;
    const inputs = {
      connection: connectionTo(address, login),
      source: new pulumi.asset.FileAsset(file),
      remotePath: incomingFile(store, login),
      triggers: [container.macAddress],
    };
    return new CopyToRemote(childName(name, "binary"), transform.binary?.(inputs) ?? inputs, {
      parent: this,
      dependsOn: [after],
    });
  }

  private declareServer(name: string, args: StateStoreArgs, place: StorePlace, after: pulumi.Resource): Command {
    const { container, login, store, transform = {} } = args;
    const settings = { mount: place.mount, ports: store.ports };
    const { sha256 } = store.server;
    const inputs = {
      connection: connectionTo(place.address, login),
      create: installCommand({
        ...settings,
        source: sourceOf(store, login),
        sha256,
        endpoint: place.endpoint,
        user: login.user,
      }),
      stdin: pulumi.secret(scriptFor(args, place)),
      triggers: [container.macAddress],
      addPreviousOutputInEnv: false,
    };
    return new Command(childName(name, "server"), transform.server?.(inputs) ?? inputs, {
      parent: this,
      additionalSecretOutputs: [...printed],
      dependsOn: [after],
    });
  }
}

/** Where the store is in its container. */
interface StorePlace {
  readonly address: string;
  readonly endpoint: string;
  /** Mount point of the disk with the data. */
  readonly mount: string;
}

function placeOf({ guest, store }: StateStoreArgs): StorePlace {
  const { address } = guest.network;
  const disk = guest.disks.find(({ name }) => name === store.disk);
  if (address.kind === "static" && disk !== undefined) {
    return { address: address.ip, endpoint: formatEndpoint(address.ip, store.ports.api), mount: disk.mount };
  }
  const missing = disk === undefined ? `disk ${store.disk}` : "fixed address";
  throw refusal(`Unable to declare the state store: guest ${guest.name} has no ${missing}`);
}

/** With the server's certificate, which is the same in every run until the next is due. */
async function scriptFor(
  { authority, guest, now, root, serverKey, store }: StateStoreArgs,
  place: StorePlace,
): Promise<string> {
  const names = namesOfGuest(guest);
  const certificate = await issueServerCertificate(authority, { key: serverKey, names }, now);
  const files = { root, key: serverKey, certificate, authority: authority.certificate };
  return installScript({ mount: place.mount, ports: store.ports, ...files });
}

function sourceOf(store: ContainerStateStore, login: GuestLogin): ServerSource {
  return store.server.from === "url" ? { url: store.server.url } : { file: incomingFile(store, login) };
}

/** Named by the checksum, so that another one has the file sent again. */
function incomingFile({ server }: ContainerStateStore, login: GuestLogin): string {
  return incomingPath(login, `lifeboat-state-store-${server.sha256}`);
}
