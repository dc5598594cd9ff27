import { createClient } from '@clickhouse/client'

const [, , url, username, password] = process.argv
const client = createClient({ url, username, password })
const rows = async (query, more = {}) =>
  JSON.stringify(await (await client.query({ query, format: 'JSONEachRow', ...more })).json())

console.log('ping', (await client.ping()).success)
await client.command({
  query: 'CREATE TABLE node (id UInt64, name String) ENGINE = MergeTree ORDER BY id',
  // The client asks for this where it wants to know that a DDL is over.
  clickhouse_settings: { wait_end_of_query: 1 },
})
const inserted = await client.insert({
  table: 'node',
  values: [{ id: 1, name: 'one' }, { id: 2, name: 'two' }, { id: 3, name: 'three' }],
  format: 'JSONEachRow',
})
console.log('inserted', inserted.summary.written_rows)
console.log('rows', await rows('SELECT id, name FROM node ORDER BY id'))
const where = { query_params: { id: 2 } }
console.log('parameter', await rows('SELECT name FROM node WHERE id = {id:UInt64}', where))

const zipped = createClient({ url, username, password, compression: { request: true, response: true } })
const answer = await zipped.query({ query: 'SELECT name FROM node WHERE id = 2', format: 'JSONEachRow' })
console.log('gzip', JSON.stringify(await answer.json()))
const packed = await zipped.insert({ table: 'node', values: [{ id: 9, name: 'packed' }], format: 'JSONEachRow' })
console.log('packed', packed.summary.written_rows)
await zipped.close()

let count = 0
let sum = 0
const many = await client.query({ query: 'SELECT number FROM numbers(300000)', format: 'JSONCompactEachRow' })
for await (const batch of many.stream()) {
  for (const row of batch) {
    count++
    sum += Number(row.json()[0])
  }
}
console.log('stream', count, sum)

await client.query({ query: 'SELECT * FROM nowhere' }).catch((e) => console.log('error', e.code, e.type))

try {
  const late = await client.query({
    query: 'SELECT number, throwIf(number = 3000000) FROM numbers(4000000)',
    format: 'JSONEachRow',
  })
  for await (const batch of late.stream()) {
    count += batch.length
  }
  console.log('no error')
} catch (e) {
  console.log('late error', e.code, e.type)
}
await client.close()

const stranger = createClient({ url, username, password: 'wrong' })
await stranger.query({ query: 'SELECT 1' }).catch((e) => console.log('password', e.code, e.type))
await stranger.close()
