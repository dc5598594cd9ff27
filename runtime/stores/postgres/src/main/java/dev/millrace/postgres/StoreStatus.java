package dev.millrace.postgres;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.UUID;

/**
 * The durable state of a schema.
 *
 * @param id drawn when the schema was made, so that a copy elsewhere knows which schema it follows
 * @param definition for which the schema was made, key by key
 * @param slow pending requests to PostgreSQL that take long, in words
 * @param missing indexes that could not be built
 * @param accepted changes of the definition that were accepted since, in order
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

  /** The position of a lane and its holder, if any. */
  public record LaneState(
      String lane,
      long epoch,
      long commit,
      long checkpoint,
      OptionalLong block,
      Optional<Instant> committed,
      Optional<LeaseHolder> holder) {}

  /** An index that could not be built; queries that need it are slow. */
  public record MissingIndex(String name, Instant at, String problem) {}

  /** A change of the definition that took effect while the tables held rows. */
  public record Accepted(Instant at, String change) {}
}
