import { describe, expect, it } from '@jest/globals';
import { parseFleet } from './fleet-file.ts';

const head = 'apiVersion: flotilla.dev/v1alpha1\nkind: Fleet\n';

describe('parseFleet()', () => {
  it('makes a Host of each entry, paths taken from the folder of the file', () => {
    const fleet = parseFleet(
      `${head}server: {listen: 127.0.0.1:7443, dataDir: ./data}
hosts:
- {name: nas, ssh: {host: 192.168.1.10, user: admin, sudo: true, identityFile: keys/id}, labels: {disk: big}}
`,
      '/etc/fleet/fleet.yaml',
    );
    expect(fleet.server).toEqual({ listen: '127.0.0.1:7443', dataDir: '/etc/fleet/data' });
    expect(fleet.hosts).toEqual([
      {
        apiVersion: 'flotilla.dev/v1alpha1',
        kind: 'Host',
        metadata: { name: 'nas' },
        spec: {
          ssh: { host: '192.168.1.10', user: 'admin', sudo: true, identityFile: '/etc/fleet/keys/id' },
          labels: { disk: 'big' },
        },
      },
    ]);
  });

  const bad = [
    { name: 'broken YAML', source: `${head}hosts: [`, want: /Cannot read f\.yaml: / },
    { name: 'a list at the top', source: '- a', want: /it must be a map/ },
    { name: 'a missing kind', source: 'apiVersion: flotilla.dev/v1alpha1', want: /kind: is missing/ },
    {
      name: 'an unknown field',
      source: `${head}host: []`,
      want: /host: is not known here; known are apiVersion/,
    },
    {
      name: 'a host without address',
      source: `${head}hosts: [{name: a, ssh: {}}]`,
      want: /hosts\[0\]\.ssh\.host: is missing/,
    },
    {
      name: 'two hosts of one name',
      source: `${head}hosts: [{name: a, ssh: {host: b}}, {name: a, ssh: {host: c}}]`,
      want: /hosts\[1\]\.name: "a" stands twice/,
    },
    {
      name: 'a port that is none',
      source: `${head}hosts: [{name: a, ssh: {host: b, port: 70000}}]`,
      want: /hosts\[0\]\.ssh\.port: must be a port/,
    },
    {
      name: 'an unknown runtime',
      source: `${head}hosts: [{name: a, ssh: {host: b}, runtime: {install: lxc}}]`,
      want: /runtime\.install: must be one of "docker", "containerd", ""/,
    },
    {
      name: 'a field named __proto__',
      source: `${head}hosts: [{name: a, ssh: {host: b}, constructor: {}}]`,
      want: /constructor: is not known/,
    },
  ];
  for (const { name, source, want } of bad)
    it(`refuses ${name}, and says where`, () => {
      expect(() => parseFleet(source, 'f.yaml')).toThrow(want);
    });
});
