// What the server cannot do: say a time in the reader's own zone, and let "/" reach the search as elsewhere.
for (const time of document.querySelectorAll('time[datetime]')) {
  const at = new Date(time.dateTime);
  if (!isNaN(at)) time.title = at.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest('input, select, textarea')) return;
  event.preventDefault();
  const field = document.querySelector('input[type=search]');
  if (field) field.focus();
  else location.href = '/search';
});
