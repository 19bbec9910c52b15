// SPDX-License-Identifier: BSD-2-Clause
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { ErrorBody, ExportQuery, RunParams } from '../../schema/api/index.ts';
import type { ExportClient } from '../export/export-client.ts';
import { FILE_FORMATS, fileName } from '../export/export-run.ts';

export function exportRoutes(app: FastifyInstance, exports: ExportClient): void {
  app.get<{ Params: RunParams; Querystring: ExportQuery }>('/runs/:run/export', {
    schema: {
      summary: 'The trace of a run as a file for other tools: Perfetto, Chrome, CSV, JSON Lines, Parquet',
      params: RunParams, querystring: ExportQuery,
      response: { 200: Type.Unsafe({ type: 'string', format: 'binary', description: 'the file' }), '4xx': ErrorBody, '5xx': ErrorBody },
    },
  }, async (request, reply) => {
    const { format, table, ...selection } = request.query;
    const { run, stream } = await exports.start(request.params.run, { format, table, selection });
    return reply
      .type(FILE_FORMATS[format].mediaType)
      .header('content-disposition', `attachment; filename="${fileName(run, { format, table })}"`)
      .send(stream);
  });
}
