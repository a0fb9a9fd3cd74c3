"""Who may use a cache, and the password, which only Secrets Manager shows.

The password is made once, by the run of `up` that creates the secret's version. Later runs make another password and
discard it, because the engine keeps the old value of an input that is named in `ignore_changes`. The password always
comes from the version's output in the state, so that even after a failed run users have the password that is in Secrets
Manager. In the state it is encrypted like every secret; in previews and plans it reads `[secret]`; code and config
never hold it.

Why: AWS has no resource that makes a password (`get_random_password` is a lookup, with a different answer each time);
`pulumi-random` would work, but needs another plugin on every machine; a rotation function in Lambda needs a first
password too.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from greenai_infra.stacks.aws.site import Site

PASSWORD_BYTES = 32
"""256 bits, as 64 hexadecimal digits; ElastiCache takes 16 to 128 characters."""

CLIENT_ACCESS = "on ~* +@all -@dangerous +info"
"""All data commands on all keys, and no channels; not what can empty, stop, reconfigure or look through the server."""

NO_ACCESS = "off -@all"


@dataclass(frozen=True)
class CredentialsArgs:
    """`generation` numbers the password: a new number makes a new password."""

    site: Site
    key_arn: Any
    generation: int
    recovery_days: int


class CacheCredentials(pulumi.ComponentResource):  # type: ignore[misc]
    """A secret, the client's user with its password, and a `default` user that can't log in, as one user group."""

    def __init__(self, name: str, args: CredentialsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:CacheCredentials", name, None, opts)
        self._args, self._child = args, pulumi.ResourceOptions(parent=self)
        site = args.site
        self.username = site.name
        # checkov:skip=CKV2_AWS_57: the config's password_generation makes another, for users and secret at once;
        # automatic rotation would need a function in Lambda that may change the users
        self.secret = aws.secretsmanager.Secret(
            f"{site.name}-cache-password",
            description=f"Password of user {self.username} of the cache {site.workload}",
            kms_key_id=args.key_arn,
            recovery_window_in_days=args.recovery_days,
            region=site.region,
            tags=dict(site.tags),
            opts=self._child,
        )
        version = aws.secretsmanager.SecretVersion(
            f"{site.name}-cache-password-{args.generation}",
            secret_id=self.secret.id,
            secret_string=pulumi.Output.secret(secrets.token_hex(PASSWORD_BYTES)),
            region=site.region,
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(ignore_changes=["secretString"])),
        )
        password = pulumi.Output.secret(version.secret_string)
        self.users = [
            # Every user of a Valkey group needs a password or an identity, even this user.
            self._user("default", f"{site.name}-default", "default", NO_ACCESS, password),
            self._user("client", site.name, self.username, CLIENT_ACCESS, password),
        ]
        self.group = aws.elasticache.UserGroup(
            f"{site.name}-users",
            user_group_id=site.name,
            engine="valkey",
            user_ids=[user.user_id for user in self.users],
            region=site.region,
            tags=dict(site.tags),
            opts=self._child,
        )
        self.group_id = self.group.user_group_id
        self.secret_arn = self.secret.arn
        self.register_outputs({"secret_arn": self.secret_arn})

    def _user(self, what: str, user_id: str, user_name: str, access: str, password: Any) -> Any:
        site = self._args.site
        return aws.elasticache.User(
            f"{site.name}-{what}",
            user_id=user_id,
            user_name=user_name,
            engine="valkey",
            access_string=access,
            passwords=[password],
            region=site.region,
            tags=dict(site.tags),
            opts=self._child,
        )
