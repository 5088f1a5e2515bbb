// What a visitor sends, and what of it is known in this visit.

export const tooLarge = (largest) => `The file is larger than ${largest / 1e6} MB; choose a smaller one.`;
export const NOT_ARRIVED = "The file did not reach the studio; try once more.";

export const own = new Map(); // what was sent in this visit: token to address

export const deliver = async (file, to = "photographs") => {
  const answer = await (await fetch(to, { method: "POST", body: file })).json();
  if (answer.upload) own.set(answer.upload, answer.src);
  return answer;
};
