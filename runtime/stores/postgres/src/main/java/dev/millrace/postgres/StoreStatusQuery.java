package dev.millrace.postgres;

import dev.millrace.postgres.client.SessionActivity;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.UUID;
import org.jdbi.v3.core.Handle;

/** Reads the status of a schema without changing anything in it. */
final class StoreStatusQuery {
  private final Handle handle;
  private final String indexer;

  StoreStatusQuery(Handle handle, String indexer) {
    this.handle = handle;
    this.indexer = indexer;
  }

  Optional<StoreStatus> find() {
    PostgresSchema schema = new PostgresSchema(handle, indexer);
    if (!schema.isOurs()) {
      return Optional.empty();
    }
    SortedMap<String, String> definition = schema.stored().entries();
    List<StoreStatus.LaneState> lanes = new LaneRegistry(handle).all();
    return Optional.of(
        handle
            .createQuery("SELECT id, created FROM millrace_schema")
            .map((row, _) ->
                new StoreStatus(
                    indexer,
                    row.getObject(1, UUID.class),
                    row.getObject(2, OffsetDateTime.class).toInstant(),
                    lanes,
                    SessionActivity.of(handle, indexer),
                    missing(),
                    definition,
                    accepted()))
            .one());
  }

  private List<StoreStatus.MissingIndex> missing() {
    boolean isKnown =
        handle
            .createQuery("SELECT to_regclass('millrace_missing_index') IS NOT NULL")
            .mapTo(Boolean.class)
            .one();
    if (!isKnown) {
      return List.of(); // schema of an earlier version
    }
    return handle
        .createQuery("SELECT name, at, problem FROM millrace_missing_index ORDER BY name")
        .map((row, _) ->
            new StoreStatus.MissingIndex(
                row.getString(1),
                row.getObject(2, OffsetDateTime.class).toInstant(),
                row.getString(3)))
        .list();
  }

  private List<StoreStatus.Accepted> accepted() {
    return handle
        .createQuery("SELECT at, change FROM millrace_accepted ORDER BY at, change")
        .map((row, _) -> {
          Instant at = row.getObject(1, OffsetDateTime.class).toInstant();
          return new StoreStatus.Accepted(at, row.getString(2));
        })
        .list();
  }
}
