// SPDX-License-Identifier: BSD-2-Clause
/** Version 3: runs are listed by when they started, which for imported ones is not the order of their numbers, and found by program and release. */
export const sql = `
CREATE INDEX run_by_start ON run (started_at, id);
CREATE INDEX run_by_program ON run (program, started_at, id);
CREATE INDEX run_by_release ON run (release, started_at, id);
`;
