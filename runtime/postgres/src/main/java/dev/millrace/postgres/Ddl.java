package dev.millrace.postgres;

import java.util.List;

/** Millrace's own tables, in the schema of each indexer. */
final class Ddl {
  /** Rises when these tables change. */
  static final int VERSION = 1;

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
          // Every table that we have made, so that one we have not made can be told apart.
          """
          CREATE TABLE millrace_table (
            name text COLLATE "C" PRIMARY KEY)
          """,
          """
          CREATE TABLE millrace_accepted (
            at timestamptz NOT NULL,
            change text NOT NULL)
          """,
          "CREATE SEQUENCE millrace_epochs AS bigint",
          // An epoch that goes on has no last checkpoint.
          """
          CREATE TABLE millrace_epoch (
            epoch bigint PRIMARY KEY,
            lane text COLLATE "C" NOT NULL,
            host text NOT NULL,
            pid bigint NOT NULL,
            opened timestamptz NOT NULL,
            last_checkpoint bigint)
          """,
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
            committed timestamptz,
            backend_pid integer,
            backend_start timestamptz)
          WITH (fillfactor = 20)
          """,
          // Apart from the lane, so that a commit that holds the lane's row stops no heartbeat.
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
          """
          CREATE TABLE millrace_block (
            chain bigint NOT NULL,
            number bigint NOT NULL,
            hash bytea NOT NULL,
            parent bytea NOT NULL,
            time timestamptz NOT NULL,
            checkpoint bigint NOT NULL,
            PRIMARY KEY (chain, number))
          """,
          // Inputs can be longer than a key may be, so their hash is the key.
          """
          CREATE TABLE millrace_effect (
            chain bigint NOT NULL,
            effect text COLLATE "C" NOT NULL,
            input_hash bytea NOT NULL,
            input text NOT NULL,
            output text NOT NULL,
            checkpoint bigint NOT NULL,
            PRIMARY KEY (chain, effect, input_hash))
          """);

  private Ddl() {}
}
