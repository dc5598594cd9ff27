/**
 * Access to PostgreSQL for every module that uses it: connections and their limits, errors with
 * remedies, leases, and rows in the binary format of COPY.
 *
 * <p>Of Millrace's tables only the one of leases is known here; a {@code Lease} also notices that
 * its lane was taken over.
 */
@NullMarked
package dev.millrace.postgres.client;

import org.jspecify.annotations.NullMarked;
