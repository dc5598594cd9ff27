package dev.millrace.postgres;

import java.util.List;

/** Millrace's own tables, in the schema of each indexer. */
final class BookkeepingDdl {
  /** Increases when these tables change. */
  static final int VERSION = 5;

  // Ordered by discovery, because a rewind cuts off the end.
  private static final String CONTRACTS =
      """
      CREATE TABLE millrace_contract (
        chain bigint NOT NULL,
        block bigint NOT NULL,
        log_index integer NOT NULL,
        nth integer NOT NULL,
        contract text COLLATE "C" NOT NULL,
        address bytea NOT NULL,
        PRIMARY KEY (chain, block, log_index, nth))
      """;

  private static final String EFFECTS_BY_CHECKPOINT =
      "CREATE INDEX millrace_effect_checkpoint ON millrace_effect (chain, checkpoint)";

  /** Indexes that could not be built, with the reason. */
  private static final String MISSING_INDEXES =
      """
      CREATE TABLE millrace_missing_index (
        name text COLLATE "C" PRIMARY KEY,
        at timestamptz NOT NULL,
        problem text NOT NULL)
      """;

  // A row without a job's run waits for its block to become final, or for the relay. One with a
  // run is kept until its block is final, because a rewind turns it into a recall.
  private static final String TRIGGERS =
      """
      CREATE TABLE millrace_trigger (
        seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        chain bigint NOT NULL,
        block bigint NOT NULL,
        block_hash bytea NOT NULL,
        log_index integer NOT NULL,
        ordinal integer NOT NULL,
        job text COLLATE "C" NOT NULL,
        moment text COLLATE "C" NOT NULL,
        input text NOT NULL,
        run bigint,
        is_recall boolean NOT NULL DEFAULT false)
      """;

  private static final String DUE_TRIGGERS =
      "CREATE INDEX millrace_trigger_due ON millrace_trigger (chain, moment, seq)";

  private static final String TRIGGERS_BY_BLOCK =
      "CREATE INDEX millrace_trigger_block ON millrace_trigger (chain, block)";

  static final List<String> TABLES =
      List.of(
          """
          CREATE TABLE millrace_schema (
            version integer NOT NULL,
            id uuid NOT NULL,
            created timestamptz NOT NULL)
          """,
          """
          CREATE TABLE millrace_definition (
            key text COLLATE "C" PRIMARY KEY,
            value text NOT NULL)
          """,
          // Every table that we have created, to distinguish it from tables of others.
          """
          CREATE TABLE millrace_table (
            name text COLLATE "C" PRIMARY KEY)
          """,
          """
          CREATE TABLE millrace_accepted (
            at timestamptz NOT NULL,
            change text NOT NULL)
          """,
          "CREATE SEQUENCE IF NOT EXISTS millrace_epochs AS bigint", // `reset` has kept it
          // An epoch that goes on has no last checkpoint. The end of one that is over can only
          // fall. It began behind the commit that it followed.
          """
          CREATE TABLE millrace_epoch (
            epoch bigint PRIMARY KEY,
            lane text COLLATE "C" NOT NULL,
            host text NOT NULL,
            pid bigint NOT NULL,
            opened timestamptz NOT NULL,
            followed bigint NOT NULL,
            mirrored boolean NOT NULL,
            last_checkpoint bigint)
          """,
          // No rewind goes below the final block: the undo log below it has been deleted.
          """
          CREATE TABLE millrace_lane (
            lane text COLLATE "C" PRIMARY KEY,
            chain bigint NOT NULL,
            epoch bigint NOT NULL,
            commit bigint NOT NULL,
            checkpoint bigint NOT NULL,
            block bigint,
            block_hash bytea,
            block_time timestamptz,
            final_block bigint,
            committed timestamptz,
            backend_pid integer,
            backend_start timestamptz)
          WITH (fillfactor = 20)
          """,
          // Separate from the lane, so that a commit that locks the lane's row blocks no heartbeat.
          """
          CREATE TABLE millrace_lease (
            lane text COLLATE "C" PRIMARY KEY,
            epoch bigint NOT NULL,
            expires timestamptz NOT NULL,
            host text,
            pid bigint,
            since timestamptz,
            backend_pid integer,
            backend_start timestamptz)
          WITH (fillfactor = 20)
          """,
          // The reversible blocks, and the final block below them.
          """
          CREATE TABLE millrace_block (
            chain bigint NOT NULL,
            number bigint NOT NULL,
            hash bytea NOT NULL,
            parent bytea,
            time timestamptz,
            checkpoint bigint NOT NULL,
            PRIMARY KEY (chain, number))
          """,
          // Inputs may exceed the maximum size of a key, so their hash is the key.
          """
          CREATE TABLE millrace_effect (
            chain bigint NOT NULL,
            effect text COLLATE "C" NOT NULL,
            input_hash bytea NOT NULL,
            input text NOT NULL,
            output text NOT NULL,
            checkpoint bigint NOT NULL,
            PRIMARY KEY (chain, effect, input_hash))
          """,
          EFFECTS_BY_CHECKPOINT,
          MISSING_INDEXES,
          CONTRACTS,
          TRIGGERS,
          DUE_TRIGGERS,
          TRIGGERS_BY_BLOCK);

  /** Upgrades a schema of version 1. The blocks that it has kept limit how far it can rewind. */
  static final List<String> FROM_VERSION_1 =
      List.of(
          CONTRACTS,
          EFFECTS_BY_CHECKPOINT,
          "ALTER TABLE millrace_lane ADD COLUMN final_block bigint",
          "ALTER TABLE millrace_block ALTER COLUMN parent DROP NOT NULL",
          "ALTER TABLE millrace_block ALTER COLUMN time DROP NOT NULL",
          """
          INSERT INTO millrace_block (chain, number, hash, time, checkpoint)
          SELECT chain, block, block_hash, block_time, checkpoint FROM millrace_lane
           WHERE block IS NOT NULL
              ON CONFLICT DO NOTHING
          """,
          """
          UPDATE millrace_lane l
             SET final_block = (SELECT min(number) FROM millrace_block b WHERE b.chain = l.chain)
          """,
          "UPDATE millrace_schema SET version = 2");

  // Nothing was mirrored before version 3, no matter which commit an epoch followed.
  static final List<String> FROM_VERSION_2 =
      List.of(
          "ALTER TABLE millrace_epoch ADD COLUMN followed bigint NOT NULL DEFAULT 0",
          "ALTER TABLE millrace_epoch ADD COLUMN mirrored boolean NOT NULL DEFAULT false",
          "UPDATE millrace_schema SET version = 3");

  static final List<String> FROM_VERSION_3 =
      List.of(MISSING_INDEXES, "UPDATE millrace_schema SET version = 4");

  static final List<String> FROM_VERSION_4 =
      List.of(TRIGGERS, DUE_TRIGGERS, TRIGGERS_BY_BLOCK, "UPDATE millrace_schema SET version = 5");

  private BookkeepingDdl() {}
}
