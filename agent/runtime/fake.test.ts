import { describeRuntimeDriver } from '../../test/suites/runtime-driver.ts';
import { systemClock } from '../../openapi/machinery/clock.ts';
import { FakeDriver } from './fake.ts';

describeRuntimeDriver('fake', () => {
  const driver = new FakeDriver(systemClock);
  driver.addImage('suite:1');
  return Promise.resolve({ driver, image: 'suite:1', runsPrograms: false });
});
