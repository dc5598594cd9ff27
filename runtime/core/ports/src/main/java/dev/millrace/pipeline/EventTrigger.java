package dev.millrace.pipeline;

import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.TriggerMoment;

/**
 * A job that an event has triggered.
 *
 * @param block the hash of the event's block
 * @param ordinal the place among the triggers of the event, from zero
 * @param input JSON
 */
public record EventTrigger(
    EventId event, Bytes32 block, int ordinal, String job, TriggerMoment moment, String input) {}
