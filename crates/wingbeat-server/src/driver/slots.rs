//! Values by number; numbers are used again.

#[derive(Debug)]
pub(super) struct Slots<T> {
    values: Vec<Option<T>>,
    free: Vec<usize>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { values: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slots<T> {
    pub(super) fn insert(&mut self, value: T) -> usize {
        if let Some(ix) = self.free.pop() {
            self.values[ix] = Some(value);
            return ix;
        }
        self.values.push(Some(value));
        self.values.len() - 1
    }

    pub(super) fn get_mut(&mut self, ix: usize) -> Option<&mut T> {
        self.values.get_mut(ix)?.as_mut()
    }

    pub(super) fn remove(&mut self, ix: usize) -> Option<T> {
        let value = self.values.get_mut(ix)?.take()?;
        self.free.push(ix);
        Some(value)
    }
}
