/**
 * Access to PostgreSQL for every module that uses it: connections and their limits, errors with
 * remedies, leases, and rows in the binary format of COPY.
 *
 * <p>Nothing here knows a lane or a table of Millrace.
 */
@NullMarked
package dev.millrace.postgres.client;

import org.jspecify.annotations.NullMarked;
