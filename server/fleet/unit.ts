import { paths } from '../../openapi/machinery/agent-contract.ts';
import { invariant } from '../../openapi/machinery/invariant.ts';

/** Short-lived objects are most of what the agent makes: a small nursery keeps 20 MB of them from staying in memory. */
const nodeFlags = '--max-semi-space-size=2';

/**
 * The agent's systemd unit. KillMode and Delegate keep containers and their control groups when the agent restarts. It has no
 * mount namespace of its own (ProtectSystem, PrivateTmp), since what it mounts must be seen by the container runtime.
 */
export function unitText(nodePath: string, user: string): string {
  invariant(/^[A-Za-z0-9._/+-]+$/.test(nodePath), 'a path in a unit needs no quotes', { nodePath });
  invariant(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(user), 'a user in a unit needs no quotes', { user });
  return `# Written by Flotilla; changes are overwritten.
[Unit]
Description=Flotilla agent
After=network-online.target docker.service containerd.service
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
# sshd, as ${user}, puts the API's socket there; nobody else may.
ExecStartPre=/usr/bin/install -d -m 0700 -o ${user} ${paths.run}
ExecStart=${nodePath} ${nodeFlags} ${paths.bundle} run
Restart=always
RestartSec=1
KillMode=process
TimeoutStopSec=20
Delegate=yes
TasksMax=infinity
LimitNOFILE=1048576
OOMScoreAdjust=-500
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
KeyringMode=private
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
`;
}
