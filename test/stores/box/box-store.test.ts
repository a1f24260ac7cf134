import { describeDocumentStore } from '../../conformance/document-store.ts';
import { makeBoxHarness } from './box-harness.ts';

describeDocumentStore('Box', () => makeBoxHarness());
