// Puts a page that is whole in the place of the one before: a build that fails, or is ended, leaves that one as it was.
import { renameSync, rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
renameSync('dist.new', 'dist');
