package dev.millrace.postgres;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.UUID;

/**
 * What a schema holds, as it is durable now.
 *
 * @param id drawn when the schema was made, so that a copy elsewhere knows which one it follows
 * @param definition what it was made for, key by key
 * @param slow requests to PostgreSQL under way that take long, in words
 * @param missing indexes that could not be built
 * @param accepted changes of the definition that somebody has accepted since, in order
 */
public record StoreStatus(
    String indexer,
    UUID id,
    Instant created,
    List<LaneState> lanes,
    List<String> slow,
    List<MissingIndex> missing,
    SortedMap<String, String> definition,
    List<Accepted> accepted) {

  /** Where a lane stands, and who has it, if anybody. */
  public record LaneState(
      String lane,
      long epoch,
      long commit,
      long checkpoint,
      OptionalLong block,
      Optional<Instant> committed,
      Optional<Holder> holder) {}

  /** An index that could not be built; queries that need it are slow. */
  public record MissingIndex(String name, Instant at, String problem) {}

  /** A change of the definition that took effect in the middle of the rows. */
  public record Accepted(Instant at, String change) {}
}
