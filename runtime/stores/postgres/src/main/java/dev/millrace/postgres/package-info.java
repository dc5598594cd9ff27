/** The authoritative store: entity tables, reads, grouped commits and lanes in PostgreSQL. */
@NullMarked
package dev.millrace.postgres;

import org.jspecify.annotations.NullMarked;
