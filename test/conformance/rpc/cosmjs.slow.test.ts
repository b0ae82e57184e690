/** An unmodified CosmJS client against the embedded node. */
import { EMBEDDED } from './embedded-subject.ts'
import { testCosmjs } from './suites/cosmjs-suite.ts'

testCosmjs(EMBEDDED)
