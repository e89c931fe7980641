import { FakeClock } from '../../test/fakes/clock.ts';
import { describeClient } from '../../test/suites/client.ts';
import { createFakeApi } from './fake.ts';

describeClient('the fake', () =>
  Promise.resolve({
    client: createFakeApi({ clock: new FakeClock() }).client,
    close: () => Promise.resolve(),
  }),
);
