/**
 * The pipeline from events to durable rows: batches, handlers, change sets, ordered commits.
 *
 * <pre>
 *   Source ──▶ [ring] ──▶ execute ──▶ mirror ──▶ commit ──▶ committed frontier
 *   batches              preload,     LaneMirror LaneStore, one
 *   of whole blocks      run, freeze             transaction per group
 * </pre>
 *
 * <p>Order is a property of the structure: each stage is one platform thread, and a stage sees a
 * slot only when the stage before it has released it. Nothing here knows a chain, a driver or a
 * protocol; they come in through {@link dev.millrace.pipeline.Source}, {@link
 * dev.millrace.pipeline.LaneMirror} and {@link dev.millrace.pipeline.LaneStore}.
 */
@NullMarked
package dev.millrace.lane;

import org.jspecify.annotations.NullMarked;
