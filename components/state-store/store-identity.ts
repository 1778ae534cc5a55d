import { IamPolicy } from "@pulumi/minio/iamPolicy";
import { IamUser } from "@pulumi/minio/iamUser";
import { IamUserPolicyAttachment } from "@pulumi/minio/iamUserPolicyAttachment";
import * as pulumi from "@pulumi/pulumi";
import type { KeyPair } from "../../site/settings/environment";
import type { PolicyDocument } from "../../site/state-store/policies";
import { childName, stateStoreComponents } from "../../site/state-store/resource-names";

export interface StoreIdentityArgs {
  /** Name and secret. The name is also that of its policy. */
  readonly key: KeyPair;
  /** All that it may do. */
  readonly policy: PolicyDocument;
}

/**
 * Somebody who may do something on the store. Deleting the component leaves the identity there: a run without it must not
 * shut an environment out of its state.
 */
export class StoreIdentity extends pulumi.ComponentResource {
  /** Name of the identity at the store: its access key. */
  readonly accessKey: pulumi.Output<string>;

  constructor(name: string, { key, policy }: StoreIdentityArgs, opts?: pulumi.ComponentResourceOptions) {
    super(stateStoreComponents.identity, name, {}, opts);
    const child = { parent: this, retainOnDelete: true, dependsOn: opts?.dependsOn ?? [] };
    const user = new IamUser(
      childName(name, "user"),
      { name: key.accessKey, secret: pulumi.secret(key.secretKey), forceDestroy: false, disableUser: false },
      child,
    );
    const rules = new IamPolicy(
      childName(name, "policy"),
      { name: key.accessKey, policy: JSON.stringify(policy) },
      child,
    );
    const attachment = { userName: user.name, policyName: rules.name };
    const attached = new IamUserPolicyAttachment(childName(name, "attachment"), attachment, child);
    this.accessKey = attached.userName;
    this.registerOutputs({ accessKey: this.accessKey });
  }
}
